-- finance.projects (E37): projects listed by the end of $1 and not cancelled then.
SELECT p.county AS region, CAST(COUNT(*) AS BIGINT) AS value
FROM project p
JOIN project_stage s ON s.project_id = p.id AND s.stage = 'RESERVE' AND s.reached_on <= $1
WHERE NOT (p.course = 'CANCELLED' AND p.course_since <= $1)
GROUP BY p.county
