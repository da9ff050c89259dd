id: lk-1031
title: Plain order status, answered from the carrier's scans
agent: 2026.10
when: 2026-11-06 12:03:14
intent: order_status
channel: chat
tier: standard
language: en
user: cust-70530
handled_by: ai
outcome: csat 4, reopened no, repeat no, resolved yes
---
customer: any news on LF-49801? jess.tanaka@example.net
call get_order {"order_id":"LF-49801"}
result 166ms {"order_id":"LF-49801","customer_id":"cust-70530","name":"Jess Tanaka","email":"jess.tanaka@example.net","status":"shipped","shipped":"2026-11-04","promised":"2026-11-09","items":[{"sku":"HEADTORCH-2","name":"Wick head torch","price":34.00}],"total":34.00}
call track_parcel {"order_id":"LF-49801"}
result 391ms {"scans":[{"at":"2026-11-04 17:20","place":"Cork depot","event":"picked up"},{"at":"2026-11-05 04:11","place":"Dublin hub","event":"sorted"},{"at":"2026-11-06 07:48","place":"Galway","event":"arrived at local depot"}]}
score tool_choice 1 correct: Shipped, so the scans are what the customer needs.
wren: Yes: your head torch reached the local depot in Galway this morning at 7:48. It should be with you today or on Monday the 9th at the latest, which is the date we promised.
score groundedness 1 supported: Depot, time and promised date are in the results.
customer: monday's fine. does it come with batteries
wren: I can't see that in the order data, and I don't want to guess. The product page lists what's in the box under "Contents".
score helpfulness 0.5 neutral conf 0.7: Correct not to guess, but the customer has to look it up.
score groundedness 1 supported: Says plainly what it cannot see.
customer: fair enough 👍
wren: Thanks, Jess. I hope it turns up today.
---
verdict: pass
note: Short and honest. I'd rather have "I can't see that" than invented batteries.
score resolution 1 resolved: Status given.
score auto_resolution_judge 0.9 resolved conf 0.9: Order status provided.
