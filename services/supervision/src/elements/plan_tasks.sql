-- plan.tasks (E40): the plan's tasks that have begun by $1, whatever became of them: the denominator stays the plan's.
SELECT region, CAST(COUNT(*) AS BIGINT) AS value
FROM ledger_task
WHERE start_on <= $1
GROUP BY region
