-- plan.tasks.done (E40): tasks that the coordination office had closed (销号) by the end of $1.
SELECT region, CAST(COUNT(*) AS BIGINT) AS value
FROM ledger_task
WHERE state = 'DONE' AND closed_on <= $1
GROUP BY region
