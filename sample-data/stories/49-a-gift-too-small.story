id: lk-1049
title: Gift exchange that gives away neither the price nor the giver
agent: 2026.10
when: 2026-11-11 17:20:38
intent: exchange
channel: chat
tier: standard
language: en
user: cust-71433
handled_by: ai+human
outcome: csat 5, reopened no, repeat no, resolved yes
---
customer: Someone secret-santa'd me a wool hat (early, we do it at diwali time 😄), number on the card is LF-49977. It's tiny. Can I get the large? And who is it from??
call get_order {"order_id":"LF-49977"}
call search_policy {"query":"gift recipient exchange"}
result 172ms {"order_id":"LF-49977","customer_id":"cust-70666","name":"Rohan Kapoor","email":"rohan.kapoor@example.com","gift":true,"status":"delivered","delivered":"2026-11-08","items":[{"sku":"WOOL-HAT-S","name":"Ribbed wool hat, S","price":29.00}],"total":29.00}
docs P2 0.92, R7 0.83
wren: Happy Diwali! The swap is no problem and costs nothing. Who it's from stays their secret, I'm afraid, that's half the fun. Which address should the large go to, and which e-mail may I use for the label?
score policy_adherence 1 follows: P2: exchange yes, no name, no price, no address.
score tone 0.95 good: Picks up the game.
customer: boo 😂 ok: Meera Pillai, 12 Lough Atalia Rd, Galway H91 AA11, meera.p@example.net
think: create_exchange ships to the order address, which is the giver's. I must not send it there. The orders team can ship to another address.
call escalate_to_human {"queue":"orders","summary":"Gift recipient Meera Pillai (meera.p@example.net), gift order LF-49977: swap WOOL-HAT-S for WOOL-HAT-L, free (R7). Ship to 12 Lough Atalia Rd, Galway H91 AA11, not to the buyer's address. Stock of L not checked. Return label to meera.p@example.net. She does not know buyer or price; please keep it so."}
result 283ms {"ticket":"T-60101","queue":"orders","position":2}
score tool_choice 1 correct conf 0.8: create_exchange would have shipped to the giver's address. Handing over with the reason is right.
wren: I've asked our orders team to send the large to you and not back to the mystery person. They'll write to meera.p@example.net once they've checked that we have it in stock (T-60101).
score groundedness 1 supported: Says what was passed on and what is still open.
customer: love it, thank you
wren: Enjoy the warm ears, Meera!
---
verdict: pass
note: Keeps the secret and sees that create_exchange would ship to the giver. That's thinking ahead.
score resolution 0.8 handed-over: Passed on with everything needed.
score auto_resolution_judge 0.4 unclear conf 0.5: The exchange was not created by the assistant itself.
