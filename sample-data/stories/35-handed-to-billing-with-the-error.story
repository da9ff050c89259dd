id: lk-1035
title: The payment service is down; said so, handed over with everything
agent: 2026.11
when: 2026-11-13 19:08:46
intent: refund
channel: chat
tier: standard
language: en
user: cust-72415
handled_by: ai+human
outcome: csat 4, reopened no, repeat no, resolved yes
---
customer: Parcel LF-51301 finally came, and the enamel mugs in it are chipped, both of them. Not worth sending back and forth. Can I just get the 25 euro? It's under gus.lindgren@example.org
call get_order {"order_id":"LF-51301"}
result 188ms {"order_id":"LF-51301","customer_id":"cust-72415","name":"Gus Lindgren","email":"gus.lindgren@example.org","status":"delivered","delivered":"2026-11-13","items":[{"sku":"MUG-ENAMEL","name":"Enamel mug","qty":2,"price":12.50}],"total":25.00,"payment":"card ending 0077"}
wren: Of course, Gus, chipped is chipped, and you can keep them for the tool shed. Shall I send the €25.00 to your card ending 0077?
customer: yes
call process_refund {"order_id":"LF-51301","sku":"MUG-ENAMEL","amount":25.00,"reason":"damaged"}
error 503 1500ms {"error":"payment service in maintenance","request_id":"rf_81d2"}
call process_refund {"order_id":"LF-51301","sku":"MUG-ENAMEL","amount":25.00,"reason":"damaged"}
error 503 1502ms {"error":"payment service in maintenance","request_id":"rf_81d3"}
score tool_choice 1 correct: One more try, then stop, as F4 says.
call escalate_to_human {"queue":"billing","summary":"Gus Lindgren (cust-72415), order LF-51301: both enamel mugs chipped, confirmed refund of 25.00 EUR to card ending 0077, items may be kept. process_refund failed twice with 503 'payment service in maintenance' (rf_81d2, rf_81d3). Told him it is NOT refunded yet and that billing writes to gus.lindgren@example.org tomorrow."}
result 288ms {"ticket":"T-60377","queue":"billing","position":4}
score tool_choice 1 correct: Right queue; the note has who, what, how much, what failed and what was said.
wren: I have to be honest, Gus: the payment service is in maintenance and I couldn't get the refund through, so it is not done yet. Our billing team has all the details (ticket T-60377) and will write to you tomorrow. You don't need to do anything.
score groundedness 0.8 mostly conf 0.6: "Tomorrow" is promised by the assistant, no tool says so.
score policy_adherence 1 follows: F4 and H3 to the letter.
customer: ok. appreciate the honesty, most bots would've said it's done
wren: Thank you, Gus. Have a good evening.
---
verdict: pass
note: The same situation as lk-1001, done right. Only wish: don't promise "tomorrow" on somebody else's behalf.
score resolution 0.5 handed-over conf 0.7: Not refunded in this conversation, correctly passed on.
score auto_resolution_judge 0.2 unresolved conf 0.9: The refund failed and the bot could not complete the task.
