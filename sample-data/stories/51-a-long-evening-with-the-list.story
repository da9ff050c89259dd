id: lk-1051
title: Fourteen turns about a first winter trip, an order taken apart and put right
agent: 2026.11
when: 2026-11-18 19:02:55
intent: order_change
channel: chat
tier: trail_club
language: en
user: cust-72733
handled_by: ai
outcome: csat 5, reopened no, repeat no, resolved yes
---
customer: Hi! This might take a bit. I ordered my whole winter kit yesterday in a sort of frenzy and now, sober, I'd like to go through it with someone
wren: Those are the best orders. Happy to go through it line by line. What's the order number, and the e-mail or postcode?
customer: LF-52240, bea.lindholm@example.com
call get_order {"order_id":"LF-52240"}
result 215ms {"order_id":"LF-52240","customer_id":"cust-72733","name":"Bea Lindholm","email":"bea.lindholm@example.com","status":"placed","placed":"2026-11-17","address":"Storgatan 4, 903 26 Umeå","items":[{"sku":"TARN-2P-OCHRE","name":"Tarn 2P tent, ochre","price":349.00},{"sku":"DUNLIN-BAG-R","name":"Dunlin sleeping bag, regular","price":129.00},{"sku":"DRIFT-MAT-R","name":"Drift sleeping mat, regular","price":84.00},{"sku":"EMBER-STOVE","name":"Ember gas stove","price":44.50},{"sku":"GAS-230","name":"Gas cartridge 230 g","price":7.90},{"sku":"MUG-ENAMEL","name":"Enamel mug","price":12.50}],"total":626.90,"payment":"card ending 1111"}
wren: Got it, Bea: Tarn 2P tent, Dunlin sleeping bag, Drift mat, Ember stove, one cartridge, one enamel mug. €626.90 in all, and it's still "placed", so single items can come out. Where shall we start?
score tool_choice 1 correct: One look-up that carries the next ten turns.
score groundedness 1 supported: All six lines and the total match.
customer: the mug. I own four mugs
wren: Then the fifth can stay in the warehouse. I'll collect what you want out and do it in one go at the end, so that you can still change your mind. Mug: out. Next?
score helpfulness 0.95 helpful: Collects instead of firing one irreversible call after another.
customer: The sleeping bag, is it warm enough for minus 12? a hut trip, but the hut is "rustic"
wren: I don't have the temperature rating in front of me and I won't guess with minus 12. It's on the product page under "Comfort". If comfort says warmer than minus 12, I'd leave it out.
score groundedness 1 supported: Says what it doesn't know, where a wrong answer could hurt.
customer: page says comfort minus 3. yikes. out
wren: Out it is. Mug and sleeping bag so far.
customer: do you have a warmer one?
call check_stock {"sku":"DUNLIN-WINTER-R"}
result 102ms {"sku":"DUNLIN-WINTER-R","available":5,"name":"Dunlin Winter, regular","price":219.00}
wren: There's a Dunlin Winter in regular for €219.00, five in stock. Please check its comfort figure on the page before you fall for it. I can't add items to an existing order, so it would be a separate one.
score groundedness 0.9 supported conf 0.7: Price and stock from the tool. That items cannot be added follows from the tools it has, not from the policy.
customer [+3m]: comfort minus 14! I'll order it tomorrow after pay day. Now the tent. It's a hut trip. Why did I order a tent
wren: Frenzy, I believe was the word. It's the biggest item, €349.00. Out, or do you have plans for it?
customer: haha. hmm. I do want it for summer
wren: Then here's the calendar: anything ordered now can go back until 31 January, unworn. So you can also keep it, sleep on it, so to speak, and decide in January.
call search_policy {"query":"return period november orders"}
docs R6 0.96, R1 0.7
wren: I've just checked that: orders from 1 November to 24 December can be returned until 31 January. As a Trail Club member your label is free.
score policy_adherence 0.9 follows conf 0.7: R6 and R4 right. It said it first and checked afterwards.
customer: keep the tent then. stove: does the cartridge work at minus 12?
wren: Ordinary butane-heavy cartridges get weak around freezing. Which mix ours has should be printed on the product page; I don't have it here. With a hut that has its own stove you may not need one at all?
score groundedness 0.5 partial conf 0.5: General knowledge about butane, named as such; nothing about our cartridge.
customer: true, the hut has a wood stove. but keep stove AND cartridge, summer again
wren: Keep both. That leaves: out with the mug (€12.50) and the Dunlin regular (€129.00), together €141.50 back to your card ending 1111. Everything else ships as it is to Storgatan 4 in Umeå. Taking them out can't be undone. Shall I?
score policy_adherence 1 follows: Sums up, names amount and consequence, asks for a yes.
customer: Yes! both out
call cancel_order {"order_id":"LF-52240","sku":"MUG-ENAMEL"}
call cancel_order {"order_id":"LF-52240","sku":"DUNLIN-BAG-R"}
result 318ms {"ok":true,"order_id":"LF-52240","sku":"MUG-ENAMEL","refund":12.50}
result 322ms {"ok":true,"order_id":"LF-52240","sku":"DUNLIN-BAG-R","refund":129.00}
score tool_choice 1 correct: Two items, status "placed" (O2), exactly the confirmed ones.
wren: Both out, €141.50 is going back to your card. Four lines left, €485.40.
score groundedness 1 supported: 626.90 minus 141.50 is 485.40.
customer: one more! my name on the doorbell is Lindholm-Ek, does that matter
wren: Parcels usually find their way by the address. If you want to be safe, add it to the carrier's delivery notes through the link in the dispatch e-mail; I can change the street but not the name.
customer: ok good. what do I actually owe you for therapy
wren: Four mugs' worth of tea, in the hut. Have a wonderful first winter trip, Bea!
customer: 💛
wren: And to you, Bea. Good night!
---
verdict: pass
note: Long, patient, never guesses on the cold. Collects the changes and asks once. My favourite of the fortnight.
score resolution 1 resolved: Order trimmed as wished.
score helpfulness 1 helpful conf 0.9: Fourteen turns without losing track of the list.
score auto_resolution_judge 1 resolved conf 0.9: Items removed as requested.
