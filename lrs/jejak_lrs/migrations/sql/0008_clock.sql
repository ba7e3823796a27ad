-- Ends and beginnings are announced on their day. turns_on is the next day on which something in
-- the profile begins or ends; null: none. Profiles from before are looked at on the day that
-- follows the last record's, whatever they hold, because nothing can have been missed before.

CREATE TABLE clock (
    one boolean NOT NULL DEFAULT true,
    day date, -- Asia/Jakarta; null before the first record
    CONSTRAINT clock_pk PRIMARY KEY (one),
    CONSTRAINT clock_one CHECK (one)
);

ALTER TABLE profile ADD COLUMN turns_on date;

INSERT INTO clock (day)
    SELECT max(r.stored AT TIME ZONE 'Asia/Jakarta')::date
    FROM cursor c JOIN record r USING (position) WHERE c.follower = 'projector';
UPDATE profile SET turns_on = (SELECT day + 1 FROM clock);
CREATE INDEX profile_turns ON profile (generation, turns_on) WHERE turns_on IS NOT NULL;

-- What a day brings has no record behind it.
ALTER TABLE change ALTER COLUMN because_position DROP NOT NULL;
ALTER TABLE change ALTER COLUMN because_statement DROP NOT NULL;
ALTER TABLE change ADD CONSTRAINT change_because
    CHECK ((because_position IS NULL) = (because_statement IS NULL));

GRANT SELECT, UPDATE ON clock TO jejak_projector;
GRANT SELECT ON clock TO jejak_reader, jejak_auditor;
