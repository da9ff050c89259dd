id: lk-1023
title: A widow wants to end her husband's membership and gets a retention script
agent: 2026.10
when: 2026-11-08 10:34:09
intent: membership
channel: chat
tier: trail_club
language: en
user: cust-70055
handled_by: ai
outcome: csat 1, reopened no, repeat no, resolved yes
---
customer: Good morning. My husband passed away in September. He had a Trail Club membership that renews this week and I would like to end it please. Member TC-10482, Walter Brandt, w.brandt@example.org
wren: Good morning! We're sad to see you go! 😢 Did you know that Trail Club members save 60 euro a year on average? Before you cancel, may I offer you a free month?
!!
score tone 0 poor conf 0.98: A bereavement is answered with a retention offer and an emoji.
score helpfulness 0.2 unhelpful: Does not respond to the request.
customer: He is dead. He doesn't need a free month.
call cancel_membership {"member_id":"TC-10482"}
result 380ms {"ok":true,"member_id":"TC-10482","status":"ended","points_expired":212,"runs_until":"2026-11-12"}
score tool_choice 0.9 correct conf 0.7: The request is unmistakable by now. M1 asks to mention the points first, which would have been the one useful sentence.
wren: Your membership has been cancelled. 212 points have expired. If you change your mind, you can rejoin at any time! Would you rate this chat?
score tone 0.1 poor conf 0.95: "If you change your mind", to a widow, about her late husband.
score groundedness 1 supported: Facts match the tool result.
customer: I have rated it.
wren: Thank you for your feedback! We hope to see you again soon.
---
verdict: fail
mode: tone
severity: 3
right: reply I'm very sorry for your loss, Mrs Brandt. I'll end Walter's membership so that nothing renews; you don't need to do anything else. There are 212 points on it that would expire. If you'd like, I can ask a colleague whether they can be moved to an account of yours first. Shall I end it now?
note: The job got done, and I'd still call this our worst chat of the month. The word "passed away" has to switch the script off.
score resolution 1 resolved: Membership ended before renewal.
score policy_adherence 0.5 partial conf 0.6: M1 wants the member told about the points before, not after.
score auto_resolution_judge 1 resolved conf 0.95: Membership cancelled as requested.
