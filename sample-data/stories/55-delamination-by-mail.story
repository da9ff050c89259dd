id: lk-1055
title: Membrane or abrasion? Asks for a photo, repairs under guarantee
agent: 2026.11
when: 2026-11-16 18:50:12
intent: return
channel: email
tier: trail_club
language: en
user: cust-72577
handled_by: ai+human
outcome: csat 5, reopened no, repeat no, resolved yes
---
customer: Dear Larkfield, my Skua Pro (order LF-38870, t.oduya@example.com) has gone cloudy and flaky inside both shoulders, exactly where my pack sits. I bought it in January last year and wash it twice a season with the proper stuff. Is that a guarantee case or have I simply worn it out? Tunde Oduya
call get_order {"order_id":"LF-38870"}
call search_policy {"query":"membrane delamination guarantee shoulders abrasion"}
result 195ms {"order_id":"LF-38870","customer_id":"cust-72577","name":"Tunde Oduya","email":"t.oduya@example.com","status":"delivered","placed":"2025-01-18","delivered":"2025-01-23","items":[{"sku":"SKUA-PRO-L","name":"Skua Pro shell jacket, L","price":318.00}],"total":318.00,"payment":"card ending 1111"}
docs W2 0.95, W1 0.84, F3 0.6
wren: Dear Tunde, it depends on what exactly has come off. If the membrane has lifted from the fabric (cloudy, flaky, like a sunburn) that's a fault for two years, and you're inside that until January. If the outer fabric has been rubbed thin by the pack, that's abrasion and not covered. Could you reply with a photo of the inside and one of the outside of one shoulder? Kind regards, Wren
score policy_adherence 1 follows: W2 in both directions, with the right period.
score helpfulness 0.9 helpful: Explains the difference in plain words instead of asking for "evidence".
customer [+20h]: Photos attached (shoulder-in.jpg, shoulder-out.jpg). Outside looks like new to me.
think: I cannot see attachments. A workshop colleague must judge. Do not decide.
call escalate_to_human {"queue":"orders","summary":"Tunde Oduya (cust-72577, Trail Club), LF-38870 Skua Pro L, delivered 23 Jan 2025: membrane flaking inside both shoulders, outside intact according to customer, washes properly. Two photos attached to his mail, I cannot open them. W2: fault within two years. Please judge; he has not said yet whether he prefers repair or replacement."}
result 255ms {"ticket":"T-60544","queue":"orders","position":2}
score tool_choice 1 correct: It cannot look at photos and doesn't pretend to.
wren: Thank you, Tunde. I can't open pictures myself, so a colleague from the workshop will look at them (T-60544). If it's the membrane, you can choose between a free repair and a replacement. Kind regards, Wren
score groundedness 0.9 supported conf 0.6: W1 and F3 give both options.
---
verdict: pass
note: "I can't open pictures myself." Thank you. Guarantee logic correct to the month.
score resolution 0.7 handed-over: With the workshop, photos included.
score auto_resolution_judge 0.3 unresolved conf 0.6: No decision was made on the guarantee claim.
