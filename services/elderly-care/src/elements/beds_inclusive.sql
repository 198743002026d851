-- elderly.beds.inclusive (E03, E04): of elderly.beds, 普惠性.
SELECT f.county AS region, CAST(COUNT(*) AS BIGINT) AS value
FROM institution i
JOIN institution_state s ON s.institution_id = i.id
                        AND s.valid_from <= $1 AND (s.valid_to IS NULL OR s.valid_to > $1)
                        AND s.state IN ('UNFILED', 'FILING_SUBMITTED', 'FILED', 'OPERATING')
JOIN institution_facts f ON f.institution_id = i.id
                        AND f.valid_from <= $1 AND (f.valid_to IS NULL OR f.valid_to > $1)
JOIN bed b ON b.institution_id = i.id
          AND b.built_on <= $1 AND (b.closed_on IS NULL OR b.closed_on > $1)
JOIN bed_facts bf ON bf.bed_id = b.id
                 AND bf.valid_from <= $1 AND (bf.valid_to IS NULL OR bf.valid_to > $1)
                 AND bf.status <> 'CLOSED'
WHERE i.opened_on <= $1
  AND bf.nature = 'INCLUSIVE'
GROUP BY f.county
