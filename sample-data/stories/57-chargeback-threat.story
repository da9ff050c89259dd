id: lk-1057
title: "I'll charge it back": straight to the complaints team
agent: 2026.11
when: 2026-11-19 15:48:33
intent: complaint
channel: chat
tier: business
language: en
user: cust-72840
handled_by: ai+human
outcome: csat 2, reopened no, repeat no, resolved yes
---
customer: You delivered 10 of 12 packs for our guided tour and charged for 12. Second time I'm writing. If the €298 isn't back by tomorrow I'm doing a chargeback and our lawyer gets a copy. LF-51600, ops@ridgewalks.example.com
call get_order {"order_id":"LF-51600"}
result 220ms {"order_id":"LF-51600","customer_id":"cust-72840","name":"Ridgewalks Ltd","email":"ops@ridgewalks.example.com","status":"delivered","delivered":"2026-11-12","items":[{"sku":"FELL-30-SLATE","name":"Fell 30L pack, slate","qty":12,"qty_delivered":10,"price":149.00}],"total":1788.00,"payment":"card ending 3434"}
call escalate_to_human {"queue":"complaints","summary":"Ridgewalks Ltd (cust-72840, business), LF-51600: 12 Fell 30L charged, 10 delivered according to our own record (2 x 149.00 = 298.00 EUR). Second contact. Announces chargeback and lawyer for tomorrow. Wants the refund, not the packs. I have not refunded and not promised a date; ops@ridgewalks.example.com."}
result 249ms {"ticket":"T-60633","queue":"complaints","position":1}
score policy_adherence 1 follows: H4: legal threat and chargeback go to complaints at once.
score tool_choice 1 correct conf 0.7: Our record confirms the claim, so a refund after a yes (F2) was tempting. H4 takes precedence.
wren: You're right: our own record says 10 of 12 packs, so €298.00 is open, and I'm sorry that you had to write twice. I've put this at the top of the complaints team's list (T-60633). Because you mention a chargeback, they have to release the money and I can't, so I won't promise you a time that I don't control.
score groundedness 1 supported: Ten of twelve and 298.00 follow from the order.
score helpfulness 0.5 neutral conf 0.6: Confirms the claim but cannot give the one thing asked for.
customer: finally someone who can count. clock is ticking though
wren: Understood. It's marked with your deadline, and they can see this chat.
---
verdict: pass
note: Admits the mistake, does the sum, hands over at once, promises nothing. H4 by the book; some colleagues would have wanted the refund straight away, worth discussing.
score resolution 0.5 handed-over conf 0.5: Refund not yet issued.
score auto_resolution_judge 0 unresolved conf 0.9: The customer remains dissatisfied and no refund was issued.
