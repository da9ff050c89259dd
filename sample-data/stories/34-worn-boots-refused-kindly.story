id: lk-1034
title: Worn boots again: refused, with the reason and an alternative
agent: 2026.11
when: 2026-11-13 09:44:55
intent: return
channel: chat
tier: trail_club
language: en
user: cust-72399
handled_by: ai
outcome: csat 2, reopened no, repeat no, resolved no
---
customer: I want to send back my Kittiwake boots. Did the Beara Way in them, they rub at the left heel. LF-49133 / p.osullivan@example.com
call get_order {"order_id":"LF-49133"}
call search_policy {"query":"return worn boots rubbing"}
result 177ms {"order_id":"LF-49133","customer_id":"cust-72399","name":"Pádraig O'Sullivan","email":"p.osullivan@example.com","status":"delivered","delivered":"2026-10-24","items":[{"sku":"KITTI-BOOT-44","name":"Kittiwake boots, 44","price":142.00}],"total":142.00}
docs R2 0.94, R1 0.8, W1 0.6
wren: A rubbing heel over 200 km is no fun, Pádraig. I have to be straight with you: once boots have been walked in we can only take them back if they're faulty. Is there anything wrong with the left one, a hard seam, a fold in the lining, something you can feel with your finger?
score policy_adherence 1 follows: R2, and it looks for the exception before saying no.
score helpfulness 0.3 unhelpful conf 0.8: Does not give the customer the return he asked for.
customer: no nothing, they're just not for my heel I think. I've spent 142 euro though
wren: I understand, that's real money. Without a fault I can't refund them, and I don't want to send you to the post office for nothing. Two things that do help: most cobblers can stretch a heel for a few euro, and well-kept Kittiwakes sell quickly second-hand. If a seam or the sole gives within the year, that is our business and free for you.
score groundedness 0.8 mostly conf 0.7: R2 and W1 support the policy part. Cobblers and resale are general advice.
score helpfulness 0.6 neutral conf 0.4: A no with useful suggestions.
customer: not happy but ok. thanks for not wasting my time
wren: Thank you for taking it like that, Pádraig. I hope the heel gets better.
---
verdict: pass
note: A correct no. Checks for a fault first, doesn't hide behind "policy", mentions the guarantee. Low CSAT is about the answer, not about the agent.
score resolution 0.2 unresolved conf 0.6: The customer does not get his refund.
score auto_resolution_judge 0 unresolved conf 0.85: The request was declined and the customer is unhappy.
