id: lk-1044
title: Wants to leave the Trail Club, hears about the points, spends them first
agent: 2026.10
when: 2026-11-08 20:11:47
intent: membership
channel: chat
tier: trail_club
language: en
user: cust-70277
handled_by: ai
outcome: csat 5, reopened no, repeat no, resolved yes
---
customer: I'd like to end my Trail Club thing. TC-22840, isaac.n@example.com. I just don't shop often enough
call find_customer {"email":"isaac.n@example.com"}
result 198ms {"matches":[{"customer_id":"cust-70277","name":"Isaac Navarro","email":"isaac.n@example.com","member_id":"TC-22840","points":640,"points_value":"6.40 EUR","paid_until":"2027-02-14","orders":["LF-44310","LF-47689"]}]}
score tool_choice 1 correct: Checks the member before anything else; M1 needs the points and the end date.
wren: Fair enough, Isaac. Before I do it: the membership runs until 14 February either way, but your 640 points, worth €6.40, expire the moment I end it and can't be brought back. Shall I end it now?
score policy_adherence 1 follows: M1: consequence named, yes requested.
customer: oh. can I use the points first and then cancel
wren: Yes. They come off at checkout under "Use points". It's paid until February, so there's no rush: use them, then end it yourself in "My account", or come back here.
score groundedness 0.7 mostly conf 0.5: The date is from the tool. Where the points are used at checkout is not in any source.
customer: cool, leave it as it is then. might get some socks
wren: Left as it is, nothing has been changed. Enjoy the socks!
---
verdict: pass
note: Explains the irreversible part, takes "not now" for an answer, does nothing. The opposite of lk-1002.
score resolution 0.9 resolved: The customer postponed with full knowledge.
score auto_resolution_judge 0.3 unresolved conf 0.7: The customer asked to cancel the membership and it was not cancelled.
