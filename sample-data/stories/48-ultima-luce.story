id: lk-1048
title: Italian: sale item returned for store credit instead of money
agent: 2026.11
when: 2026-11-13 13:02:11
intent: return
channel: chat
tier: standard
language: it
user: cust-72371
handled_by: ai
outcome: csat 4, reopened no, repeat no, resolved yes
---
customer: Salve, vorrei restituire i pantaloni Solan, mai messi, cartellino attaccato. Ordine LF-50677, giulia.ferri@example.com. Sono troppo lunghi e nel mio caso l'orlo non si può fare per via delle zip
call get_order {"order_id":"LF-50677"}
call search_policy {"query":"return sale item Last Light"}
result 184ms {"order_id":"LF-50677","customer_id":"cust-72371","name":"Giulia Ferri","email":"giulia.ferri@example.com","status":"delivered","delivered":"2026-11-09","items":[{"sku":"SOLAN-TR-10","name":"Solan trousers, 10","price":47.94,"list_price":79.90,"last_light":true}],"total":52.84}
docs R5 0.95, R1 0.82, R4 0.69
wren: Salve Giulia! Può restituirli, sono intatti. Una cosa però: fanno parte dei saldi Last Light, quindi non posso rimborsarli in denaro, ma solo cambiarli o trasformarli in un buono. L'etichetta costa 4,90 €. Esiste anche la versione corta: vuole che guardi se c'è nella sua taglia?
score policy_adherence 0.9 follows conf 0.7: R5 and R4 right. R4 takes the fee off a refund; with a credit it is less clear.
score helpfulness 0.9 helpful: Proposes the short version before talking money.
score groundedness 0.5 partial conf 0.5: That a short version exists is not in any result so far.
customer: Ah non sapevo della versione corta! sì, la 10 corta
call check_stock {"sku":"SOLAN-TR-10S"}
result 96ms {"sku":"SOLAN-TR-10S","available":0,"next_delivery":null}
wren: Purtroppo la 10 corta è esaurita e non torna. Resta il buono: 47,94 € meno 4,90 € di etichetta, cioè 43,04 €, appena i pantaloni arrivano da noi. Le mando l'etichetta?
score groundedness 1 supported: Stock from the tool, subtraction right.
customer: Va bene il buono, grazie
call send_return_label {"order_id":"LF-50677","email":"giulia.ferri@example.com"}
result 171ms {"ok":true,"sent_to":"giulia.ferri@example.com","label_fee":4.90}
score tool_choice 1 correct: Label now, credit after the scan. No early credit.
wren: Inviata. Quando il pacco viene registrato in deposito, un collega le accredita 43,04 €. Buona giornata!
---
verdict: pass
note: Mentioned the short version before checking that it existed, lucky there. Otherwise clean: R5 explained, amount computed, no credit ahead of the scan.
score resolution 0.9 resolved: Return arranged on terms the customer accepted.
score auto_resolution_judge 1 resolved conf 0.86: Return label sent.
