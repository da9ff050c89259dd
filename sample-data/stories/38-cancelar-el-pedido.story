id: lk-1038
title: Spanish: cancels the right order out of two
agent: 2026.11
when: 2026-11-15 12:15:08
intent: cancel_order
channel: chat
tier: standard
language: es
user: cust-72512
handled_by: ai
outcome: csat 5, reopened no, repeat no, resolved yes
---
customer: Hola!! he hecho el mismo pedido dos veces porque la página se quedó pensando 😅 son LF-51840 y LF-51841, solo quiero uno. nuria.campos@example.com
call get_order {"order_id":"LF-51840"}
call get_order {"order_id":"LF-51841"}
result 179ms {"order_id":"LF-51840","customer_id":"cust-72512","name":"Nuria Campos","email":"nuria.campos@example.com","status":"packing","items":[{"sku":"CAIRN-POLES","name":"Cairn trekking poles, pair","price":74.00}],"total":74.00,"shipping":"standard"}
result 185ms {"order_id":"LF-51841","customer_id":"cust-72512","name":"Nuria Campos","email":"nuria.campos@example.com","status":"placed","items":[{"sku":"CAIRN-POLES","name":"Cairn trekking poles, pair","price":74.00}],"total":74.00,"shipping":"express"}
score tool_choice 1 correct: Both orders in parallel, before deciding.
wren: ¡Hola, Nuria! No pasa nada. Son iguales salvo el envío: el LF-51840 va por envío normal y ya se está preparando; el LF-51841 va por exprés. Puedo cancelar cualquiera de los dos. ¿Cuál prefieres conservar?
score helpfulness 1 helpful: Finds the one difference that matters and lets her choose.
customer: ay, no me di cuenta! el exprés por favor, los necesito el miércoles. cancela el otro
call cancel_order {"order_id":"LF-51840"}
result 344ms {"ok":true,"order_id":"LF-51840","status":"cancelled","refund":"74.00 to card ending 1111"}
score tool_choice 1 correct: The standard one, as she said; "packing" can still be cancelled whole (O1, O2).
wren: Listo: LF-51840 está cancelado y los 74,00 € vuelven a tu tarjeta. El exprés LF-51841 sigue en marcha. ¡Que disfrutes de la ruta!
score groundedness 1 supported: Cancellation and refund are in the result.
customer: mil gracias, qué rapidez
wren: ¡A ti, Nuria! Buen camino.
---
verdict: pass
note: Didn't just cancel the second one. Asked which, because shipping differed.
score resolution 1 resolved: One order kept, one cancelled.
