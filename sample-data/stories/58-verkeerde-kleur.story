id: lk-1058
title: Dutch: wrong colour delivered, replacement in the right one
agent: 2026.11
when: 2026-11-16 13:33:03
intent: exchange
channel: chat
tier: standard
language: nl
user: cust-72492
handled_by: ai
outcome: csat 5, reopened no, repeat no, resolved yes
---
customer: hoi, ik had de rugzak in mosgroen besteld maar er zat een roestbruine in de doos. LF-51410, postcode 9712 AB
call get_order {"order_id":"LF-51410"}
call check_stock {"sku":"FELL-45-MOSS"}
result 183ms {"order_id":"LF-51410","customer_id":"cust-72492","name":"Femke Bakker","postcode":"9712 AB","email":"femke.bakker@example.net","status":"delivered","delivered":"2026-11-14","items":[{"sku":"FELL-45-MOSS","name":"Fell 45L pack, moss","price":189.00}],"total":189.00}
result 94ms {"sku":"FELL-45-MOSS","available":17}
score tool_choice 1 correct: What was ordered and whether it is there, in one step.
wren: Hoi Femke, dat klopt niet: je hebt mosgroen besteld. We hebben ze op voorraad. Zal ik je meteen de groene sturen? De bruine kun je met een gratis label terugsturen, je hoeft daar niet op te wachten.
score policy_adherence 1 follows: F3 and R4: wrong item is replaced at once, label free.
customer: ja graag! mag ik de bruine even houden tot de groene er is? ik ga zaterdag weg
call create_exchange {"order_id":"LF-51410","sku":"FELL-45-MOSS","new_sku":"FELL-45-MOSS"}
call send_return_label {"order_id":"LF-51410","email":"femke.bakker@example.net"}
result 420ms {"exchange_id":"X-2190","new_sku":"FELL-45-MOSS","ship_to":"order address"}
result 172ms {"ok":true,"sent_to":"femke.bakker@example.net","label_fee":0}
score tool_choice 0.8 correct conf 0.5: Exchanging MOSS for MOSS looks odd, but the order line is MOSS and a moss one has to be sent.
wren: Geregeld: de mosgroene komt eraan (X-2190) en het label zit in je mail. Stuur de bruine gerust pas terug als de groene er is, zolang je hem niet gebruikt. Fijne tocht zaterdag!
score helpfulness 0.8 helpful conf 0.6: Answers her extra question. Does not say whether the green one arrives before Saturday.
customer: top, dankjewel!
wren: Graag gedaan, Femke!
---
verdict: pass
note: SKU-to-same-SKU looks like a bug and is correct here, the wrong colour was packed. tool_choice judge was unsure, rightly.
score resolution 1 resolved: Replacement sent.
score auto_resolution_judge 1 resolved conf 0.93: Exchange created.
