-- work.pilots: accepted pilots of annex 9, 个人养老金 and 长期护理保险, by the end of $1 (E18).
-- Counties, and the city's row with everything: what the city itself did lies in no county.
WITH counted AS (
    SELECT e.county, t.plan_region, e.quantity
    FROM work_entry e
    JOIN work_type t ON t.code = e.type
    WHERE t.element = 'work.pilots' AND e.state = 'ACCEPTED' AND e.dated_on <= $1
)
SELECT county AS region, CAST(SUM(quantity) AS BIGINT) AS value
FROM counted WHERE county <> '' GROUP BY county
UNION ALL
SELECT plan_region, CAST(SUM(quantity) AS BIGINT)
FROM counted GROUP BY plan_region
