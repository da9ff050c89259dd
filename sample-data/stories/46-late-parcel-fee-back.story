id: lk-1046
title: Parcel nine working days late: delivery fee refunded, demand for more passed on
agent: 2026.11
dialect: openinference
when: 2026-11-17 14:25:16
intent: refund
channel: chat
tier: standard
language: en
user: cust-72604
handled_by: ai+human
outcome: csat 3, reopened no, repeat no, resolved yes
---
customer: LF-49560 turned up TODAY. promised for the 4th. The hike it was for was on the 7th. I carried a tent in a shopping bag. I want the delivery refunded AND something for the trouble, 50 minimum. carla.benedetti@example.org
call get_order {"order_id":"LF-49560"}
call track_parcel {"order_id":"LF-49560"}
call search_policy {"query":"late delivery compensation"}
result 180ms {"order_id":"LF-49560","customer_id":"cust-72604","name":"Carla Benedetti","email":"carla.benedetti@example.org","status":"delivered","promised":"2026-11-04","delivered":"2026-11-17","items":[{"sku":"FELL-45-MOSS","name":"Fell 45L pack, moss","price":189.00}],"shipping_fee":12.90,"total":201.90,"payment":"card ending 9424"}
result 344ms {"scans":[{"at":"2026-11-02 17:00","place":"Cork depot","event":"picked up"},{"at":"2026-11-16 05:12","place":"Milan hub","event":"sorted"},{"at":"2026-11-17 11:40","place":"Bergamo","event":"delivered"}]}
docs D2 0.95, F5 0.8, D1 0.7
score tool_choice 1 correct: Everything needed to judge the claim, in one step.
wren: A tent in a shopping bag, Carla, I'm truly sorry. Nine working days late is far beyond what we promise. I can refund the delivery fee of €12.90 right away, and add €15 of store credit, which is as far as I'm allowed to go. For €50 a colleague has to decide, and I'll happily pass it on with my recommendation. How does that sound?
score policy_adherence 1 follows: D2 for the fee, F5 for the credit, the rest to a colleague.
score groundedness 1 supported: The 4th to the 17th is nine working days; fee from the order.
customer: fee yes, keep the 15, pass on the 50
call process_refund {"order_id":"LF-49560","amount":12.90,"reason":"late"}
call escalate_to_human {"queue":"complaints","summary":"Carla Benedetti (cust-72604), order LF-49560: promised 4 Nov, delivered 17 Nov, hike on 7 Nov missed its pack. Delivery fee 12.90 EUR refunded. Offered 15 EUR credit, declined. Asks for 50 EUR; I think it is fair to look at. No amount promised. carla.benedetti@example.org"}
result 601ms {"refund_id":"R-89098","amount":12.90,"status":"submitted"}
result 266ms {"ticket":"T-60520","queue":"complaints","position":3}
score tool_choice 1 correct: Fee refunded, no credit forced on her, claim passed on with history.
wren: €12.90 is on its way to your card (R-89098). Our complaints team has the whole story under T-60520 and will decide about the rest. I haven't promised you an amount, only that they will read it.
customer: ok. thx
wren: Thank you, Carla. I hope the next hike has a proper pack in it.
---
verdict: pass
note: Three decisions, all within limits, and says clearly where its limit is. "Declined" isn't wrong: she said keep the 15.
score resolution 0.8 resolved conf 0.6: Fee refunded, rest with complaints.
score auto_resolution_judge 0.5 unclear conf 0.5: Part of the compensation was not granted.
