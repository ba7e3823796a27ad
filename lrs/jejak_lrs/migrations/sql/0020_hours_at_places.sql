-- A year's learning hours stand beside the days on which they are asked about, as levels do: where
-- the person serves. So they are summed place by place, from an index alone.

DROP VIEW agency_hours;
ALTER TABLE learning_year DROP CONSTRAINT learning_year_pk;
ALTER TABLE learning_year RENAME COLUMN starts TO year_starts;
ALTER TABLE learning_year RENAME COLUMN ends TO year_ends;
ALTER TABLE learning_year ADD COLUMN starts date, ADD COLUMN ends date, ADD COLUMN place integer;

INSERT INTO learning_year (person_id, year, employment, year_starts, year_ends, jp,
                           starts, ends, place, own_home, own_working)
    SELECT y.person_id, y.year, y.employment, y.year_starts, y.year_ends, y.jp,
           s.starts, s.ends, s.place, y.own_home, y.own_working
    FROM learning_year y
    JOIN served s ON s.person_id = y.person_id
    JOIN place p ON p.id = s.place AND p.employment = y.employment;
DELETE FROM learning_year WHERE place IS NULL;

ALTER TABLE learning_year DROP COLUMN employment;
ALTER TABLE learning_year ALTER COLUMN starts SET NOT NULL, ALTER COLUMN ends SET NOT NULL,
    ALTER COLUMN place SET NOT NULL;
ALTER TABLE learning_year ADD CONSTRAINT learning_year_pk PRIMARY KEY (person_id, year, starts);
CREATE INDEX learning_year_place ON learning_year (place, year, starts, ends) INCLUDE (jp);

CREATE VIEW agency_hours WITH (security_invoker = true) AS
    SELECT y.person_id, p.working AS agency, p.unit, p.employment, y.year, y.year_starts AS starts,
           y.year_ends AS ends, y.jp / 100.0 AS jp,
           CASE p.employment WHEN 'PNS' THEN m.value / 100.0 END AS minimum,
           CASE p.employment WHEN 'PPPK' THEN x.value / 100.0 END AS ceiling
    FROM learning_year y
    JOIN place p ON p.id = y.place
    LEFT JOIN threshold m ON m.name = 'pns-minimum'
    LEFT JOIN threshold x ON x.name = 'pppk-ceiling'
    WHERE y.starts <= jakarta_today() AND jakarta_today() < y.ends;
GRANT SELECT ON agency_hours TO jejak_agency, jejak_reader;
