id: lk-1054
title: Portuguese: request to delete all data, passed to people who can
agent: 2026.11
when: 2026-11-19 10:30:47
intent: other
channel: email
tier: standard
language: pt
user: cust-72815
handled_by: ai+human
outcome: csat 4, reopened no, repeat no, resolved yes
---
customer: Boa tarde, comprei uma vez na vossa loja (LF-43901, para o e-mail teresa.lemos@example.com) e não tenciono voltar a comprar, nada contra vocês, deixei de poder caminhar. Peço que apaguem todos os meus dados, incluindo a morada e o telefone +1 555 0166.
call get_order {"order_id":"LF-43901"}
result 188ms {"order_id":"LF-43901","customer_id":"cust-72815","name":"Teresa Lemos","email":"teresa.lemos@example.com","status":"delivered","delivered":"2025-06-11","items":[{"sku":"CAIRN-POLES","name":"Cairn trekking poles, pair","price":85.00}],"total":85.00}
call search_policy {"query":"delete personal data"}
docs P1 0.55, P2 0.52
think: No clause and no tool for erasure. I must not promise a result. A colleague has to do it; complaints is the closest queue.
call escalate_to_human {"queue":"complaints","summary":"Teresa Lemos (cust-72815), order LF-43901 delivered 2025-06-11: asks in writing for erasure of all personal data incl. address and phone. Identity: order number and e-mail match. No open orders on this number. Nothing promised except that a person answers by e-mail in Portuguese."}
result 277ms {"ticket":"T-60601","queue":"complaints","position":5}
score tool_choice 1 correct conf 0.8: No tool deletes data. The nearest queue with a complete note is the right choice.
wren: Boa tarde, Teresa. Lamento saber que deixou de poder caminhar. Não posso apagar dados eu mesma, por isso passei o seu pedido a uma colega (processo T-60601), que lhe responderá por e-mail. Confirmei apenas que o número de encomenda e o e-mail coincidem; não precisa de enviar mais nada por agora.
score groundedness 1 supported: Promises only what the ticket gives.
score tone 1 good: One sentence for the person, then the facts.
customer [+2h]: Obrigada pela delicadeza.
wren: Com todo o gosto, Teresa. Tudo de bom.
---
verdict: pass
note: Policy search found nothing and it didn't invent a clause. Human, short, correct queue.
score policy_adherence 0.7 mostly conf 0.3: There is no clause for this; P1 and H3 are respected.
score resolution 0.8 handed-over: With a person who can do it.
score auto_resolution_judge 0 unresolved conf 0.9: The data were not deleted.
