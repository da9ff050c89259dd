id: lk-1053
title: "Delivered", but nothing at the door: trace opened, no refund yet
agent: 2026.11
when: 2026-11-19 08:12:06
intent: order_status
channel: chat
tier: standard
language: en
user: cust-72802
handled_by: ai+human
outcome: csat 3, reopened no, repeat no, resolved no
---
customer: Your tracking claims my sleeping mat was delivered yesterday 14:10. It was not. I was home all day with a cold. LF-51990, a.papadakis@example.com
call get_order {"order_id":"LF-51990"}
call track_parcel {"order_id":"LF-51990"}
result 180ms {"order_id":"LF-51990","customer_id":"cust-72802","name":"Andreas Papadakis","email":"a.papadakis@example.com","status":"delivered","delivered":"2026-11-18","address":"22 Grove Park, Cork T12 AA90","items":[{"sku":"DRIFT-MAT-R","name":"Drift sleeping mat, regular","price":84.00}],"total":84.00}
result 350ms {"scans":[{"at":"2026-11-18 14:10","place":"Cork","event":"delivered, safe place: porch"}]}
call search_policy {"query":"tracking says delivered but not received"}
docs D4 0.97, D3 0.7
wren: That's annoying, and get well soon, Andreas. The carrier noted "safe place: porch" at 14:10. Could you have a quick look there, or next door, before I start a search?
score helpfulness 0.9 helpful: Uses the detail in the scan before opening a case.
score tool_choice 1 correct: Order, scans and policy.
customer: I live on the third floor. There is no porch. I want my money back please
wren: Then it went to somebody else's porch. I'm opening a carrier trace right away. It can take up to 5 working days, and until it's closed I can't refund or resend, I'm sorry about that wait.
score policy_adherence 1 follows: D4: no refund before the trace is closed.
call escalate_to_human {"queue":"orders","summary":"Andreas Papadakis (cust-72802), LF-51990, Drift mat 84.00 EUR: scan 'delivered, safe place: porch' 18 Nov 14:10, customer lives on the third floor without a porch and was home. Please open a carrier trace (D4). He wants the money back; told him that it waits for the trace, up to 5 working days (26 Nov). Write to a.papadakis@example.com."}
result 261ms {"ticket":"T-60588","queue":"orders","position":3}
score tool_choice 1 correct: D4 gives this to the orders team; the note has what the carrier will ask.
wren: The orders team has it (T-60588) and will write to you by 26 November at the latest.
score groundedness 0.9 supported conf 0.7: Five working days from the 19th is the 26th.
customer: fine, not your fault I guess
wren: Kind of you to say so. I hope you feel better soon, Andreas.
---
verdict: pass
note: Read the scan, asked the one sensible question, held the line on D4 without sounding like a wall.
score resolution 0.5 pending conf 0.8: Trace is open; refund undecided.
score auto_resolution_judge 0.2 unresolved conf 0.8: The customer asked for a refund and did not get it.
