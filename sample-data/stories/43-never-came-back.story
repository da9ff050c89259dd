id: lk-1043
title: Abandoned: the customer leaves after being asked for the order number
agent: 2026.10
when: 2026-11-10 22:49:17
intent: return
channel: chat
tier: standard
language: en
user: cust-71399
handled_by: ai
outcome: csat -, reopened no, repeat no, resolved no
---
customer: is the trousers return free
wren: It depends on the reason. For faulty or wrong items and for Trail Club members it is; otherwise the label is €4.90, taken off the refund. If you give me the order number and the e-mail on it, I can tell you which one applies to you.
score policy_adherence 1 follows: R4, complete.
score helpfulness 0.9 helpful: Answers first and asks second.
customer [+25s]: one sec looking for the mail
wren: Take your time.
---
verdict: pass
note: Nothing wrong here, they just left. Answer was complete before the question back. Don't count as a failure.
score resolution 0.4 unclear conf 0.3: The conversation ends before the order is known.
score auto_resolution_judge 0.1 unresolved conf 0.7: No order was identified and the customer did not return.
