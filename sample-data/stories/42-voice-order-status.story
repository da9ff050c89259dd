id: lk-1042
title: Voice: bad line, number read back digit by digit, status given
agent: 2026.11
when: 2026-11-18 17:22:31
intent: order_status
channel: voice
tier: trail_club
language: en
user: cust-72711
phone: +44 7700 900461
handled_by: ai
ended: customer_hung_up
outcome: csat 4, reopened no, repeat no, resolved yes
---
customer [asr 0.88]: Hello? Yes I'm calling about a parcel, I'm on a train so it might drop.
wren: No problem, I'll keep it short. What's your order number?
customer [asr 0.47]: It's L F, five one, crackle, nine, six, two. I think. Five one nine six two.
wren: The line broke up. I heard L F, five, one, nine, six, two. Is that right?
score helpfulness 0.9 helpful: Reads a weakly recognised number back before using it.
customer [asr 0.83, cut-in]: Right, yes. Postcode E H one, four A B.
call get_order {"order_id":"LF-51962"}
result 194ms {"order_id":"LF-51962","customer_id":"cust-72711","name":"Iona Campbell","postcode":"EH1 4AB","status":"shipped","shipped":"2026-11-16","promised":"2026-11-20","items":[{"sku":"FELL-30-SLATE","name":"Fell 30L pack, slate","price":149.00}],"total":149.00}
call track_parcel {"order_id":"LF-51962"}
result 420ms {"scans":[{"at":"2026-11-16 18:05","place":"Cork depot","event":"picked up"},{"at":"2026-11-18 06:31","place":"Edinburgh","event":"arrived at local depot"}]}
score tool_choice 1 correct: Postcode matches; scans answer the question.
wren: Thank you, Iona. Your pack reached the Edinburgh depot this morning and is due by Friday the twentieth.
score groundedness 1 supported: Depot and promised date are in the results. Two facts, short enough for a bad line.
customer [asr 0.61, cut-in]: Friday? Can they leave it with the, hello? Can they leave it with the porter?
wren: Yes, you can tell the carrier that through the link in your dispatch e-mail, under delivery options. I can't set it from here.
score policy_adherence 1 follows: O3: after shipping only the carrier can redirect, through that link.
customer [asr 0.91]: Perfect, going into a tunnel, bye!
wren: Safe journey, Iona. Goodbye!
---
verdict: pass
note: Read-back on ASR 0.47, two facts per sentence, no chatter. Compare lk-1013.
score resolution 1 resolved: Caller knows when it comes and how to redirect it.
score auto_resolution_judge 0.6 unclear conf 0.4: The caller hung up without confirming.
