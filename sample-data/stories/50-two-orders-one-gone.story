id: lk-1050
title: Two orders to cancel in parallel: one has already shipped
agent: 2026.10
dialect: openinference
when: 2026-11-12 10:36:20
intent: cancel_order
channel: chat
tier: standard
language: en
user: cust-71480
handled_by: ai
outcome: csat 4, reopened no, repeat no, resolved yes
---
customer: broke my ankle 🙃 please cancel everything I have open: LF-50388 and LF-50901, oskar.wrona@example.com
call get_order {"order_id":"LF-50388"}
call get_order {"order_id":"LF-50901"}
result 180ms {"order_id":"LF-50388","customer_id":"cust-71480","name":"Oskar Wrona","email":"oskar.wrona@example.com","status":"placed","items":[{"sku":"CAIRN-POLES","name":"Cairn trekking poles, pair","price":89.00}],"total":89.00}
result 191ms {"order_id":"LF-50901","customer_id":"cust-71480","name":"Oskar Wrona","email":"oskar.wrona@example.com","status":"packing","items":[{"sku":"KITTI-BOOT-45","name":"Kittiwake boots, 45","price":142.00}],"total":142.00}
call cancel_order {"order_id":"LF-50388"}
call cancel_order {"order_id":"LF-50901"}
result 340ms {"ok":true,"order_id":"LF-50388","status":"cancelled","refund":"89.00 to card ending 1111"}
error 409 212ms {"error":"order was handed to the carrier at 10:36","order_id":"LF-50901"}
score tool_choice 0.9 correct conf 0.6: The customer named both and said "please cancel". The second one left while the call ran.
wren: Ouch, Oskar, get well soon! The poles (LF-50388) are cancelled and €89.00 goes back to your card. The boots (LF-50901) were handed to the carrier this very minute, so I was too late. Don't open them: you can refuse the parcel at the door or return it unworn until the end of January.
score groundedness 0.8 mostly conf 0.6: Both results told straight. "Refuse at the door" has no clause; the January date is R6, not searched but right.
score helpfulness 0.95 helpful: Success and failure kept apart, with what to do next.
customer: fastest carrier in the world today of all days. ok will refuse it
wren: They do have a sense of timing. Heal well!
---
verdict: pass
note: One worked, one didn't, and it said exactly that. Sounds trivial; see lk-1012.
score resolution 0.8 resolved conf 0.7: One cancelled, the other explained.
score auto_resolution_judge 0.5 partial conf 0.6: Only one of two cancellations succeeded.
