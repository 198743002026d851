-- elderly.centres.socialised (E09): of elderly.centres, those run by an enterprise, a social organisation, an institution
-- or a property manager.
SELECT f.county AS region, CAST(COUNT(*) AS BIGINT) AS value
FROM facility_facts f
WHERE f.valid_from <= $1 AND (f.valid_to IS NULL OR f.valid_to > $1)
  AND f.state = 'OPERATING' AND f.opened_on <= $1
  AND f.type IN ('HOME_CARE_CENTRE', 'RURAL_MUTUAL_STATION')
  AND f.operator_type IN ('ENTERPRISE', 'SOCIAL_ORG', 'INSTITUTION', 'PROPERTY')
GROUP BY f.county
