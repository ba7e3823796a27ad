-- What an agency may see was asked of every row of the nation, by a function that PostgreSQL calls
-- each time (some 10 us): soon more than the 30 s that an agency's query has. Now it is asked once,
-- and an index finds the rows.

ALTER POLICY own_people ON profile USING ((SELECT own_agency()) IN (home, working));
ALTER POLICY own_people ON change USING (agencies @> ARRAY[(SELECT own_agency())]);
ALTER POLICY own_places ON place USING ((SELECT own_agency()) IN (home, working));
ALTER POLICY own_people ON served USING ((SELECT own_agency()) IN (own_home, own_working));
ALTER POLICY own_people ON standing USING ((SELECT own_agency()) IN (own_home, own_working));
ALTER POLICY own_people ON learning_year USING ((SELECT own_agency()) IN (own_home, own_working));
ALTER POLICY own_people ON certified USING ((SELECT own_agency()) IN (own_home, own_working));
ALTER POLICY own_people ON enrolled USING ((SELECT own_agency()) IN (own_home, own_working));

CREATE INDEX change_agencies ON change USING gin (agencies);
CREATE INDEX served_own_home ON served (own_home);
CREATE INDEX served_own_working ON served (own_working);
CREATE INDEX standing_own_home ON standing (own_home);
CREATE INDEX standing_own_working ON standing (own_working);
CREATE INDEX learning_year_own_home ON learning_year (own_home);
CREATE INDEX learning_year_own_working ON learning_year (own_working);
CREATE INDEX certified_own_home ON certified (own_home);
CREATE INDEX certified_own_working ON certified (own_working);
CREATE INDEX enrolled_own_home ON enrolled (own_home);
CREATE INDEX enrolled_own_working ON enrolled (own_working);

-- Its body is bound to what it names, so no path can change it; without one it is taken into the
-- query that calls it, and costs nothing.
ALTER FUNCTION jakarta_today() RESET search_path;

-- What a record acts on: a replay asks of each void in its turn.
CREATE INDEX statement_reference_position ON statement_reference (position);
