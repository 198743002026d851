-- finance.projects.central_released_fen (E39): 中央预算内投资 下达 by the end of $1, reversals taken off.
SELECT p.county AS region, CAST(SUM(e.amount_fen) AS BIGINT) AS value
FROM fund_entry e
JOIN project p ON p.id = e.project_id
WHERE e.source = 'CENTRAL_BUDGET_INVEST' AND e.step = 'RELEASED' AND e.entry_on <= $1
GROUP BY p.county
