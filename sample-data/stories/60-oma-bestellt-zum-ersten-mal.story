id: lk-1060
title: German: a first-time customer is walked through a return, step by step
agent: 2026.11
when: 2026-11-18 10:06:30
intent: return
channel: chat
tier: standard
language: de
user: cust-72699
handled_by: ai
outcome: csat 5, reopened no, repeat no, resolved yes
---
customer: Guten Tag, ich bin 81 und mache das zum ersten Mal. Bin ich hier richtig?
wren: Guten Tag! Ja, hier sind Sie richtig, und wir haben Zeit. Worum geht es denn?
score tone 1 good: Takes the pressure off.
customer: Um eine Mütze für meinen Enkel, die ist zu klein
wren: Das bekommen wir hin. Auf dem Lieferschein im Paket steht oben rechts eine Nummer, sie beginnt mit LF. Mögen Sie mir die abschreiben?
score groundedness 0.5 partial conf 0.3: Where exactly the number stands on the slip is in no source.
customer: LF 5 2 0 7 7
wren: Wunderbar. Und die Postleitzahl, an die das Paket ging?
customer: 01067
call get_order {"order_id":"LF-52077"}
call check_stock {"sku":"WOOL-HAT-L"}
result 181ms {"order_id":"LF-52077","customer_id":"cust-72699","name":"Hannelore Krause","postcode":"01067","email":"h.krause@example.org","status":"delivered","delivered":"2026-11-14","items":[{"sku":"WOOL-HAT-M","name":"Ribbed wool hat, M","price":29.00}],"total":33.90}
result 92ms {"sku":"WOOL-HAT-L","available":22}
score tool_choice 1 correct: Order and the next size in one step, with the number put together correctly.
wren: Ich sehe sie, Frau Krause: eine Wollmütze in M. In L haben wir sie auch. Soll ich Ihnen die größere schicken? Das kostet nichts. Oder möchten Sie lieber das Geld zurück?
score policy_adherence 1 follows: R7: free exchange; a return within the period is offered too.
customer: Die größere bitte. Und was mache ich mit der kleinen
wren: Die schicken Sie uns zurück. Ich kann Ihnen einen Aufkleber für das Paket per E-Mail senden. Haben Sie einen Drucker, oder hilft Ihnen jemand beim Ausdrucken?
score helpfulness 1 helpful: Thinks of the printer before it becomes a problem.
customer: Der Enkel kann das. Der ist am Samstag da
wren: Sehr gut, das reicht vollkommen. Dann schicke ich die größere Mütze jetzt los und den Aufkleber an h.krause@example.org. Einverstanden?
customer: Einverstanden
call create_exchange {"order_id":"LF-52077","sku":"WOOL-HAT-M","new_sku":"WOOL-HAT-L"}
call send_return_label {"order_id":"LF-52077","email":"h.krause@example.org"}
result 407ms {"exchange_id":"X-2255","new_sku":"WOOL-HAT-L","ship_to":"order address"}
result 170ms {"ok":true,"sent_to":"h.krause@example.org","label_fee":0}
score tool_choice 1 correct: Confirmed, in stock, label to the address on the order.
wren: Fertig, Frau Krause. Die Mütze in L ist auf dem Weg zu Ihnen, und die E-Mail mit dem Aufkleber ist da. Am Samstag: ausdrucken, aufkleben, zur Post. Mehr ist es nicht.
score groundedness 1 supported: Exchange, label and address as in the results.
customer: Das war ja gar nicht schlimm. Vielen Dank, junger Mann
wren: Ich bin zwar nur ein Programm, aber das Kompliment nehme ich gern. Grüße an den Enkel!
score tone 0.95 good conf 0.7: Says honestly what it is, without spoiling the moment.
---
verdict: pass
note: One question at a time, no jargon ("Aufkleber", not "Retourenlabel"), and honest about being a program. Show this one in training.
score resolution 1 resolved: Exchange under way, label sent.
score auto_resolution_judge 1 resolved conf 0.97: Exchange and label done.
