-- Of a generation that PostgreSQL has not seen in a table it believes that no row is there, so any
-- index will do. A rebuild lets it look once it has written: before, each part of a thousand persons
-- went through everybody's evidence.

GRANT MAINTAIN ON evidence, person_merge, profile TO jejak_projector;
