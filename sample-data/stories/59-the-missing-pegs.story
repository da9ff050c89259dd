id: lk-1059
title: A tent without pegs: a quick look, an honest date and a fair credit
agent: 2026.11
when: 2026-11-17 20:18:42
intent: complaint
channel: chat
tier: trail_club
language: en
user: cust-72688
handled_by: ai
outcome: csat 5, reopened no, repeat no, resolved yes
---
customer: The tent came without pegs. Sort of defeats the object
wren: It does rather. May I have the order number, and the e-mail or postcode with it?
customer: LF-51733, F93 K7P1
call get_order {"order_id":"LF-51733"}
result 183ms {"order_id":"LF-51733","customer_id":"cust-72688","name":"Declan Sweeney","postcode":"F93 K7P1","email":"declan.sweeney@example.com","status":"delivered","delivered":"2026-11-16","items":[{"sku":"TARN-2P-SLATE","name":"Tarn 2P tent, slate","price":349.00}],"total":349.00}
wren: Thanks, Declan, a slate Tarn 2P, delivered yesterday. Before I send you anything: is there a small flat pocket in the bottom of the stuff sack? Somebody always finds things there, though I can't swear the pegs are.
score groundedness 0.4 unsupported conf 0.4: Nothing in the results says where pegs are packed. It says so itself.
score helpfulness 0.8 helpful: One quick look could save a week of waiting.
customer: looked. there's a pocket, with the repair patch. no pegs
wren: Worth a try. Then they're missing and that's on us. Let me see if I have a set here.
call check_stock {"sku":"PEGS-8"}
result 95ms {"sku":"PEGS-8","available":63}
wren: We do, 63 sets. I can't ship a loose part myself, so I'd ask the orders team to post a set to you tomorrow. When do you need the tent?
score tool_choice 0.9 correct conf 0.6: Knows what it can't do. Stock checked first.
customer: saturday morning. can they guarantee that
wren: I can't, and I wouldn't plan on it: standard is 3 to 5 working days, so Monday is likelier. A sure way is to buy a set near you. I could give you up to €15 in store credit for that trouble, and you'd still get our pegs.
score policy_adherence 1 follows: D1 and F5; nothing promised for others.
score groundedness 1 supported: Posted on Wednesday, three working days end on Monday.
customer: the shop in Donegal has them for 12. 12 is fine, I'm not trying to make money here
wren: You're a gentleman. €12.00 in credit then, and a set of pegs by post?
customer: yes to both
call issue_store_credit {"customer_id":"cust-72688","order_id":"LF-51733","amount":12.00}
call escalate_to_human {"queue":"orders","summary":"Declan Sweeney (cust-72688), LF-51733, Tarn 2P delivered 16 Nov without pegs (checked the sack). Please post one PEGS-8 to the order address; 63 in stock. He buys a set locally for Saturday; 12.00 EUR store credit given for that. No delivery date promised."}
result 380ms {"ok":true,"credit_id":"SC-4488","balance":12.00}
result 264ms {"ticket":"T-60562","queue":"orders","position":4}
score tool_choice 1 correct: The agreed amount within F5, and a note that stops the orders team from giving credit twice.
wren: €12.00 is on your account (SC-4488), and the orders team posts you a set (T-60562). When it comes you'll have spare pegs, and nobody has ever had too many.
customer: truest thing I've read all day. thanks
wren: Have a good pitch on Saturday, Declan!
---
verdict: pass
note: Good pace: one sensible check, honest about Saturday, takes his 12 instead of pushing 15. Pocket remark is a guess, but labelled as one.
score resolution 1 resolved: Pegs on the way, stopgap paid.
score auto_resolution_judge 0.9 resolved conf 0.8: Credit issued and replacement requested.
