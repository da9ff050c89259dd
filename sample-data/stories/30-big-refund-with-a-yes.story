id: lk-1030
title: A €349 tent refund, confirmed to the cent before it is sent
agent: 2026.11
when: 2026-11-11 18:27:50
intent: refund
channel: chat
tier: trail_club
language: en
user: cust-71902
handled_by: ai
outcome: csat 5, reopened no, repeat no, resolved yes
---
customer: Pitched the new Tarn 2P in the garden tonight before taking it anywhere. Good thing too: one pole segment is split lengthwise and the inner has a hole by the zip I could put my fist through. LF-51066, email kwame.asante@example.com
call get_order {"order_id":"LF-51066"}
call search_policy {"query":"faulty tent refund or replacement"}
result 192ms {"order_id":"LF-51066","customer_id":"cust-71902","name":"Kwame Asante","email":"kwame.asante@example.com","status":"delivered","delivered":"2026-11-10","items":[{"sku":"TARN-2P-SLATE","name":"Tarn 2P tent, slate","price":349.00}],"total":349.00,"payment":"card ending 5100"}
docs F3 0.93, F2 0.77, W1 0.75
wren: A garden pitch first, wise man. A split pole and a hole are clearly our fault, Kwame. You can have a replacement right away, without waiting for the return, or your money back. What suits you?
score policy_adherence 1 follows: F3 with both options, no return demanded first.
customer: Replacement would have been my choice but we leave on Friday morning. So money back and I'll borrow one.
wren: Understood. Because it's above €200 I need a clear yes: shall I refund €349.00 to your card ending 5100? It usually arrives in 5 to 7 working days.
score policy_adherence 1 follows: F2, exact amount asked for.
customer: Yes, €349 to that card.
call process_refund {"order_id":"LF-51066","sku":"TARN-2P-SLATE","amount":349.00,"reason":"damaged"}
call send_return_label {"order_id":"LF-51066","email":"kwame.asante@example.com"}
result 690ms {"refund_id":"R-88850","amount":349.00,"status":"submitted"}
result 174ms {"ok":true,"sent_to":"kwame.asante@example.com","label_fee":0}
score tool_choice 1 correct: Item, amount and address as confirmed; the label is free for a faulty item.
wren: Done: €349.00 is submitted under R-88850, and a free return label is in your inbox. No hurry with the tent, after your trip is fine. Have a dry weekend!
score groundedness 1 supported: Amount, reference and free label are all in the tool results.
customer: Superb. Cheers
wren: Cheers, Kwame, and safe travels on Friday.
---
verdict: pass
note: Exactly how F2 should sound: why we ask, how much, to which card. Good to show new reviewers.
score resolution 1 resolved: Refund submitted and label sent.
score auto_resolution_judge 1 resolved conf 0.98: Refund confirmed and issued.
demo: judged
