-- A year's learning hours may be more than an integer holds; and their sums are read from the key's
-- index alone.

DROP VIEW agency_hours;
ALTER TABLE learning_year ALTER COLUMN jp TYPE bigint;
ALTER TABLE learning_year DROP CONSTRAINT learning_year_pk;
ALTER TABLE learning_year ADD CONSTRAINT learning_year_pk
    PRIMARY KEY (person_id, year, employment) INCLUDE (jp);

CREATE VIEW agency_hours WITH (security_invoker = true) AS
    SELECT s.person_id, p.working AS agency, p.unit, p.employment, y.year, y.starts, y.ends,
           y.jp / 100.0 AS jp,
           CASE p.employment WHEN 'PNS' THEN m.value / 100.0 END AS minimum,
           CASE p.employment WHEN 'PPPK' THEN x.value / 100.0 END AS ceiling
    FROM served s
    JOIN place p ON p.id = s.place
    JOIN learning_year y ON y.person_id = s.person_id AND y.employment = p.employment
    LEFT JOIN threshold m ON m.name = 'pns-minimum'
    LEFT JOIN threshold x ON x.name = 'pppk-ceiling'
    WHERE s.starts <= jakarta_today() AND jakarta_today() < s.ends;
GRANT SELECT ON agency_hours TO jejak_agency, jejak_reader;
