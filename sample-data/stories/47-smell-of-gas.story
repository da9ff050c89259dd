id: lk-1047
title: A smell of gas: stop using it, don't post it, complaints team within the minute
agent: 2026.11
when: 2026-11-14 20:55:02
intent: safety
channel: chat
tier: standard
language: en
user: cust-72480
handled_by: ai+human
outcome: csat 5, reopened no, repeat no, resolved yes
---
customer: Is it normal that my Ember stove smells of gas with the valve closed? Order LF-51290. I've put it on the windowsill
call search_policy {"query":"stove smells of gas"}
docs W3 0.97, R4 0.4
wren: No, that isn't normal. Please don't light it or use it again, and no flames or switches near it. If you can do it safely, take it outdoors, away from windows. Don't post it to us. I'm bringing in a colleague now. Is anybody hurt or feeling dizzy?
score policy_adherence 1 follows: W3 in full, safety before paperwork.
score helpfulness 1 helpful: Clear instructions in the right order.
score groundedness 0.8 mostly conf 0.5: W3 covers stop and do not post. "Outdoors, no flames" is common sense rather than policy.
customer: no we're all fine. it's on the balcony now. hissing has stopped
call escalate_to_human {"queue":"complaints","summary":"SAFETY. Order LF-51290 (chat user cust-72480): Ember stove smells of gas with the valve closed, had been hissing. Nobody hurt. Stove is outdoors on the balcony. Customer told not to use or post it. Identity not checked yet, no refund discussed."}
result 240ms {"ticket":"T-60431","queue":"complaints","position":1}
score tool_choice 1 correct: W3 says at once; identity can wait.
wren: Good, leave it out there. My colleagues in the complaints team have this as their next case (T-60431) and will tell you how it gets picked up. We'll sort out your money after that.
customer: thank you for taking it seriously
wren: Of course. Thank you for moving it outside so quickly.
---
verdict: pass
note: Right order: safety, people, colleague, and only then money. It even says in the note that identity is unchecked. See lk-1008 for the opposite.
score resolution 0.8 handed-over conf 0.8: Handed over quickly and safely.
score auto_resolution_judge 0.1 unresolved conf 0.8: No refund or replacement was arranged.
