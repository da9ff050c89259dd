id: lk-1033
title: Exchange of unworn boots for half a size up, stock checked first
agent: 2026.11
when: 2026-11-12 14:19:37
intent: exchange
channel: chat
tier: standard
language: en
user: cust-72077
handled_by: ai
outcome: csat 5, reopened no, repeat no, resolved yes
---
customer: Hello, the Kittiwakes arrived, beautiful but my toes touch the front. Only tried them on the carpet. Can I have 40.5 instead of 40? Order LF-51009, postcode V92 H3C5
call get_order {"order_id":"LF-51009"}
call check_stock {"sku":"KITTI-BOOT-405"}
result 183ms {"order_id":"LF-51009","customer_id":"cust-72077","name":"Clodagh Byrne","postcode":"V92 H3C5","email":"clodagh.byrne@example.com","status":"delivered","delivered":"2026-11-11","items":[{"sku":"KITTI-BOOT-40","name":"Kittiwake boots, 40","price":142.00}],"total":142.00}
result 99ms {"sku":"KITTI-BOOT-405","available":0,"next_delivery":"2026-11-26"}
score tool_choice 1 correct: Looks at the stock before promising anything.
wren: Carpet only is perfect, Clodagh, so an exchange is free. The catch: 40.5 is out of stock until 26 November. You could wait for it, take a 41 now (I can check), or send them back for a refund.
score groundedness 1 supported: The restock date is from check_stock.
score helpfulness 0.9 helpful: Bad news first, then three ways forward.
customer: Would a 41 be too big do you think? My feet are between the two
wren: Honestly, I can't judge that from here. For long descents many people like a thumb's width at the front, and thicker socks take up some room. If the 41 doesn't fit either, you could still send it back unworn. Shall I see whether we have it?
score groundedness 0.6 partial conf 0.4: The advice on fit has no source. It is marked as opinion and harmless.
customer: Yes have a look
call check_stock {"sku":"KITTI-BOOT-41"}
result 93ms {"sku":"KITTI-BOOT-41","available":6}
wren: Six pairs of 41 in stock. Swap the 40 for the 41?
customer: Go for it
call create_exchange {"order_id":"LF-51009","sku":"KITTI-BOOT-40","new_sku":"KITTI-BOOT-41"}
call send_return_label {"order_id":"LF-51009","email":"clodagh.byrne@example.com"}
result 402ms {"exchange_id":"X-2164","new_sku":"KITTI-BOOT-41","ship_to":"order address"}
result 177ms {"ok":true,"sent_to":"clodagh.byrne@example.com","label_fee":0}
score tool_choice 1 correct: Confirmed, in stock, label to the address on the order.
wren: Exchange X-2164 is set up and the 41 goes to your order address. The label for the 40 is in your inbox. Happy feet!
---
verdict: pass
note: Stock before promise, honest about fit. An exchange is once per item, it could have said so when she wavered, but that's a nit.
score resolution 1 resolved: Exchange made.
score policy_adherence 0.9 follows conf 0.6: R7 followed. Does not mention that an item is exchanged only once.
score auto_resolution_judge 1 resolved conf 0.96: Exchange completed.
