-- finance.projects.started: of finance.projects, those that had begun (开工 or any later stage) by the end of $1.
SELECT p.county AS region, CAST(COUNT(*) AS BIGINT) AS value
FROM project p
WHERE NOT (p.course = 'CANCELLED' AND p.course_since <= $1)
  AND EXISTS (
      SELECT 1 FROM project_stage s
      WHERE s.project_id = p.id AND s.reached_on <= $1
        AND s.stage IN ('STARTED', 'BUILDING', 'COMPLETED', 'ACCEPTED', 'SETTLED', 'OPERATING'))
GROUP BY p.county
