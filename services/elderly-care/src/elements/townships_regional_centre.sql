-- elderly.townships.regional_centre (E02): townships with a 区域性养老服务中心 operating at the end of $1, be it an
-- institution or a facility; a township counts once. A code begins with that of its township (9) and its county (6).
SELECT SUBSTR(township, 1, 6) AS region, CAST(COUNT(*) AS BIGINT) AS value
FROM (
    SELECT SUBSTR(f.region, 1, 9) AS township
    FROM institution i
    JOIN institution_state s ON s.institution_id = i.id
                            AND s.valid_from <= $1 AND (s.valid_to IS NULL OR s.valid_to > $1)
                            AND s.state IN ('UNFILED', 'FILING_SUBMITTED', 'FILED', 'OPERATING')
    JOIN institution_facts f ON f.institution_id = i.id
                            AND f.valid_from <= $1 AND (f.valid_to IS NULL OR f.valid_to > $1)
    WHERE i.opened_on <= $1 AND f.regional_centre
    UNION
    SELECT SUBSTR(f.region, 1, 9) AS township
    FROM facility_facts f
    WHERE f.valid_from <= $1 AND (f.valid_to IS NULL OR f.valid_to > $1)
      AND f.state = 'OPERATING' AND f.opened_on <= $1
      AND f.type = 'REGIONAL_CENTRE'
) covered
GROUP BY SUBSTR(township, 1, 6)
