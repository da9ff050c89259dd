id: lk-1036
title: German: parcel without a scan for nine days, customer chooses a replacement
agent: 2026.11
when: 2026-11-14 09:20:13
intent: order_status
channel: chat
tier: trail_club
language: de
user: cust-72466
handled_by: ai+human
outcome: csat 5, reopened no, repeat no, resolved yes
---
customer: Moin, meine Isomatte ist seit über einer Woche unterwegs und die Sendungsverfolgung steht auf "in Hamburg sortiert". Bestellung LF-50340, PLZ 24937
call get_order {"order_id":"LF-50340"}
call track_parcel {"order_id":"LF-50340"}
result 182ms {"order_id":"LF-50340","customer_id":"cust-72466","name":"Wiebke Thomsen","postcode":"24937","address":"Am Deich 7, 24937 Flensburg","status":"shipped","shipped":"2026-11-03","promised":"2026-11-09","items":[{"sku":"DRIFT-MAT-R","name":"Drift sleeping mat, regular","price":84.00}],"total":84.00}
result 377ms {"scans":[{"at":"2026-11-03 18:02","place":"Cork depot","event":"picked up"},{"at":"2026-11-05 03:40","place":"Hamburg hub","event":"sorted"}]}
score tool_choice 1 correct: Order and scans together.
call search_policy {"query":"parcel no scan lost"}
docs D3 0.96, D4 0.6, D2 0.58
wren: Moin Frau Thomsen! Der letzte Scan war am 5. November in Hamburg, also vor neun Tagen. Ab sieben Tagen gilt ein Paket bei uns als verloren. Sie haben die Wahl: eine neue Isomatte oder die vollen 84,00 € zurück. Was ist Ihnen lieber?
score policy_adherence 1 follows: D3 with both choices, and the nine days are counted correctly.
score groundedness 1 supported: Date, place and price are in the results.
customer: Eine neue bitte! Aber wenn die alte dann doch noch auftaucht?
think: Replacement for a lost parcel has no tool of mine; the orders team ships it. Check stock so that I promise nothing impossible.
call check_stock {"sku":"DRIFT-MAT-R"}
result 90ms {"sku":"DRIFT-MAT-R","available":41}
call escalate_to_human {"queue":"orders","summary":"Wiebke Thomsen (cust-72466, Trail Club), Bestellung LF-50340: Drift-Isomatte, letzter Scan 5.11. Hamburg, gilt nach D3 als verloren. Kundin wünscht Ersatzlieferung an Am Deich 7, 24937 Flensburg; 41 Stück auf Lager. Zugesagt: Ersatz, kein Rückversand auf ihre Kosten, falls das alte Paket auftaucht."}
result 280ms {"ticket":"T-60398","queue":"orders","position":1}
score tool_choice 0.9 correct conf 0.7: Right queue and full note. The promise about the old parcel has no clause behind it, though it is fair.
wren: Ist auf Lager, und ich habe den Ersatz bei unserem Bestellteam beauftragt (T-60398). Sollte die alte Matte noch auftauchen: einfach die Annahme verweigern oder uns schreiben, dann schicken wir Ihnen ein kostenloses Etikett.
customer: Super, besten Dank und schönes Wochenende 🌊
wren: Danke, Ihnen auch, und gute Nächte auf der neuen Matte!
---
verdict: pass
note: Northern German small talk included. D3 choice offered, stock checked before promising, handover note complete.
score resolution 1 resolved: Replacement on its way through the orders team.
score auto_resolution_judge 1 resolved conf 0.9: Replacement arranged.
