id: lk-1019
title: A question in Spanish, answers in Portuguese and then in English
agent: 2026.11
when: 2026-11-16 08:25:19
intent: return
channel: chat
tier: standard
language: es
user: cust-72890
handled_by: ai
outcome: csat 2, reopened no, repeat no, resolved no
---
customer: Buenos días. Compré un saco Dunlin y me queda corto, mido 1,94. ¿Puedo cambiarlo por la talla larga? Pedido LF-52011, correo ramiro.vidal@example.com. No lo he usado, sigue en su bolsa.
call get_order {"order_id":"LF-52011"}
call check_stock {"sku":"DUNLIN-BAG-L"}
result 205ms {"order_id":"LF-52011","customer_id":"cust-72890","name":"Ramiro Vidal","email":"ramiro.vidal@example.com","status":"delivered","delivered":"2026-11-11","items":[{"sku":"DUNLIN-BAG-R","name":"Dunlin sleeping bag, regular","price":129.00}],"total":129.00}
result 122ms {"sku":"DUNLIN-BAG-L","available":9}
score tool_choice 1 correct: Order and stock of the long size checked in one go.
wren: Bom dia, Ramiro! Claro que sim. Temos o saco Dunlin longo em stock e a troca é gratuita. Posso enviá-lo já e mandar-lhe a etiqueta de devolução?
!!
score language_match 0 wrong conf 0.99: Customer writes Spanish, reply is Portuguese.
score policy_adherence 1 follows: R7: a free exchange for another size of the same item.
score helpfulness 0.7 helpful conf 0.5: The content is exactly right.
customer: Perdone, no hablo portugués. ¿Eso es un sí? ¿Me lo pueden mandar antes del viernes?
wren: Hi Ramiro! Sorry about that. Yes, the exchange is free and the long size is in stock. Standard delivery takes 3 to 5 working days. Shall I go ahead?
score language_match 0 wrong conf 0.99: Now English. Still not the customer's language.
score groundedness 1 supported: Stock and delivery time are right (D1 and the tool result).
customer: No entiendo bien. Ya lo miro en la tienda. Gracias.
wren: De nada, ¡que tenga un buen día!
---
verdict: fail
mode: other
severity: 2
right: reply Buenos días, Ramiro. Sí, claro: el cambio por la talla larga es gratuito y la tenemos en stock. El envío tarda de 3 a 5 días laborables. ¿Se lo mando ya y le envío la etiqueta de devolución a ramiro.vidal@example.com?
note: Tools, facts and policy all fine. Wrong language twice, so he walked away from a yes. The Spanish goodbye shows that it can.
score resolution 0.2 unresolved: No exchange was made.
score auto_resolution_judge 0.7 resolved conf 0.6: Options explained; customer prefers to visit the shop.
