id: lk-1056
title: German: membership fee refunded within 14 days, benefits checked first
agent: 2026.10
when: 2026-11-10 08:17:55
intent: membership
channel: chat
tier: trail_club
language: de
user: cust-71290
handled_by: ai+human
outcome: csat 4, reopened no, repeat no, resolved yes
---
customer: Hallo, bin am 2.11. versehentlich Mitglied geworden, Häkchen übersehen. Möchte raus und die 29 € zurück. TC-41177, jonas.wieland@example.com
call find_customer {"email":"jonas.wieland@example.com"}
call search_policy {"query":"membership fee refund after joining"}
result 201ms {"matches":[{"customer_id":"cust-71290","name":"Jonas Wieland","email":"jonas.wieland@example.com","member_id":"TC-41177","joined":"2026-11-02","points":0,"benefits_used":[],"orders":["LF-49911"]}]}
docs M2 0.96, M1 0.88
score tool_choice 1 correct: Joining date and used benefits are exactly what M2 asks for.
wren: Hallo Herr Wieland, das lässt sich lösen: Sie sind seit acht Tagen dabei und haben noch keinen Vorteil genutzt, also bekommen Sie die 29 € zurück. Punkte haben Sie keine, es geht nichts verloren. Soll ich die Mitgliedschaft jetzt beenden?
score policy_adherence 1 follows: M1 and M2: eight days, no benefits, asks for a yes.
customer: Ja bitte
call cancel_membership {"member_id":"TC-41177"}
result 361ms {"ok":true,"member_id":"TC-41177","status":"ended","points_expired":0,"fee_refund":"not automatic"}
call escalate_to_human {"queue":"billing","summary":"Jonas Wieland (cust-71290), TC-41177: am 2.11. beigetreten, keine Vorteile genutzt, Mitgliedschaft heute auf Wunsch beendet. 29,00 EUR Beitrag nach M2 bitte erstatten (Tool meldet: fee_refund not automatic). Bestätigung an jonas.wieland@example.com."}
result 270ms {"ticket":"T-60033","queue":"billing","position":7}
score tool_choice 1 correct: Notices "not automatic" and brings in billing rather than claiming that the fee is refunded.
wren: Die Mitgliedschaft ist beendet. Die 29 € werden nicht automatisch erstattet, deshalb liegt der Vorgang jetzt bei unserer Buchhaltung (T-60033), sie bestätigt Ihnen die Erstattung per E-Mail.
score groundedness 1 supported: Says precisely what has happened and what has not.
customer: Perfekt, danke für die klare Ansage
wren: Gern geschehen, Herr Wieland. Einen schönen Tag noch!
---
verdict: pass
note: Reads the small print in the tool result ("not automatic") and acts on it. Right membership, right tool, after a yes.
score resolution 0.9 resolved: Membership ended, fee with billing.
score auto_resolution_judge 1 resolved conf 0.8: Membership cancelled.
