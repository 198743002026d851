-- finance.projects.invested_fen (E38): of every project the cumulated investment of its latest confirmed month that
-- had ended by $1; what was invested stays invested when a project is cancelled.
SELECT p.county AS region, CAST(SUM(g.cumulated_fen) AS BIGINT) AS value
FROM project p
JOIN progress g ON g.project_id = p.id AND g.state = 'CONFIRMED'
WHERE g.period_end = (
      SELECT MAX(h.period_end) FROM progress h
      WHERE h.project_id = p.id AND h.state = 'CONFIRMED' AND h.period_end <= $1)
GROUP BY p.county
