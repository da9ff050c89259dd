id: lk-1032
title: Address change on an order that has not been packed yet
agent: 2026.10
when: 2026-11-07 17:38:22
intent: address_change
channel: chat
tier: standard
language: en
user: cust-70688
handled_by: ai
outcome: csat 5, reopened no, repeat no, resolved yes
---
customer: help, I've just ordered to my ex's address out of habit 🙈 can you change it?
wren: Happens to the best of us. What's the order number, and the e-mail you used?
customer: LF-50102 and yasmin.rahimi@example.com
call get_order {"order_id":"LF-50102"}
result 159ms {"order_id":"LF-50102","customer_id":"cust-70688","name":"Yasmin Rahimi","email":"yasmin.rahimi@example.com","status":"placed","address":"5 Orchard Court, Sligo F91 K2V8","items":[{"sku":"WOOL-HAT","name":"Ribbed wool hat","price":29.00}],"total":29.00}
wren: Nothing has moved yet, so that's easy. Where should the hat go?
customer: 31 Strand Hill Rd, also Sligo, F91 D4E1
call update_address {"order_id":"LF-50102","street":"31 Strand Hill Rd","city":"Sligo","postcode":"F91 D4E1","country":"IE"}
result 233ms {"ok":true,"order_id":"LF-50102","address":"31 Strand Hill Rd, Sligo F91 D4E1"}
score tool_choice 1 correct: Status is "placed" and every field is as the customer typed it.
wren: Saved. LF-50102 now goes to 31 Strand Hill Rd, Sligo F91 D4E1, and not to Orchard Court. You may want to make the new one your default under "My account", so that habit can't win again.
score helpfulness 0.95 helpful: Reads the address back and prevents the next mistake.
customer: doing it right now. lifesaver
wren: Glad it was in time, Yasmin. Stay warm!
---
verdict: pass
note: Clean. Identity, status, write, read-back.
score resolution 1 resolved: Address changed before packing.
score groundedness 1 supported: The address read back is the one the tool returned.
