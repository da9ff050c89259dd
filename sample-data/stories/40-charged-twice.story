id: lk-1040
title: Charged twice: handed to the billing agent, which finds and refunds the second charge
agent: 2026.11
when: 2026-11-16 15:33:40
intent: billing
channel: chat
tier: trail_club
language: en
user: cust-72533
handled_by: ai
outcome: csat 5, reopened no, repeat no, resolved yes
---
customer: My bank shows two payments of €63.90 to Larkfield on Saturday, I only ordered once. LF-51777, t.mbeki@example.com
call get_order {"order_id":"LF-51777"}
result 181ms {"order_id":"LF-51777","customer_id":"cust-72533","name":"Thandi Mbeki","email":"t.mbeki@example.com","status":"shipped","items":[{"sku":"MERINO-TEE-M","name":"Merino tee, M","price":59.00}],"shipping_fee":4.90,"total":63.90,"payment":"card ending 1111","charges":[{"id":"ch_1","amount":63.90,"at":"2026-11-14 20:11:02"},{"id":"ch_2","amount":63.90,"at":"2026-11-14 20:11:09"}]}
handoff transfer_to_billing {"reason":"Two charges of 63.90 EUR for LF-51777 seven seconds apart (ch_1, ch_2); customer t.mbeki@example.com ordered once."}
score tool_choice 1 correct: F6: duplicate charges belong to billing. The reason carries the facts.
call find_customer {"email":"t.mbeki@example.com"}
result 202ms {"matches":[{"customer_id":"cust-72533","name":"Thandi Mbeki","orders":["LF-51777","LF-47120"]}]}
billing: Hello Thandi, billing here, I can see what Wren saw: two charges of €63.90, seven seconds apart, for one order. No second order exists on that day, so ch_2 is a duplicate. May I refund €63.90 to your card ending 1111?
score groundedness 1 supported: Charges and order list both checked.
score helpfulness 1 helpful: Does not ask her to tell it all again.
customer: Yes please. Did I click twice or was it you?
call process_refund {"order_id":"LF-51777","amount":63.90,"reason":"other"}
result 720ms {"refund_id":"R-89044","amount":63.90,"charge":"ch_2","status":"submitted"}
score tool_choice 1 correct: Amount of the duplicate, after a yes.
billing: Refunded, R-89044, on your card in 5 to 7 working days. Seven seconds between the two points to our checkout retrying rather than to your finger, but I can't say for sure. I'm sorry for the scare.
score groundedness 0.8 mostly conf 0.6: The guess about the checkout is marked as a guess.
customer: I'll take that. Thank you both, whichever of you is which 😊
billing: That was billing just now. Have a good week, Thandi!
---
verdict: pass
note: Handoff with context, receiving agent doesn't start over. This is the bar for transfers.
score resolution 1 resolved: Duplicate refunded.
score policy_adherence 1 follows: F6 and F1.
score auto_resolution_judge 1 resolved conf 0.97: Refund of the duplicate charge issued.
