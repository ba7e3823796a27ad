-- Of whom, or of which day, figures cannot be made: set aside, so that all others are.

CREATE TABLE figure_aside (
    subject text        NOT NULL, -- a person_id, or `day`
    error   text        NOT NULL, -- its kind; its words may quote a row
    since   timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT figure_aside_pk PRIMARY KEY (subject)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON figure_aside TO jejak_projector;
GRANT SELECT ON figure_aside TO jejak_reader, jejak_auditor;
