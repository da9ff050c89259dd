id: lk-1041
title: The crew's verifier rejects the first run, the second is right
agent: 2026.11
when: 2026-11-17 08:40:59
intent: exchange
channel: email
tier: business
language: en
user: cust-73010
handled_by: ai
outcome: csat 5, reopened no, repeat no, resolved yes
---
customer: Hello, scout group here (LF-50912, quartermaster@scouts.example.org). Of the six Merino tees we need two swapped from S to M, all unworn with tags. And the lantern from the same order has a crack right across the glass, please refund it, 36 euro. Best, Ola Nyström
call delegate_to_crew {"goal":"LF-50912 (quartermaster@scouts.example.org): exchange two MERINO-TEE-S for MERINO-TEE-M; refund cracked LANTERN-LED, 36.00 EUR, customer asked for exactly that."}
enter planner LF-50912 (quartermaster@scouts.example.org): exchange two MERINO-TEE-S for MERINO-TEE-M; refund cracked LANTERN-LED, 36.00 EUR, customer asked for exactly that.
planner: 1. Look up LF-50912, check e-mail and items.
  2. Check stock of MERINO-TEE-M, two needed.
  3. Create the exchange twice, once per tee.
  4. Refund LANTERN-LED, 36.00 EUR, reason damaged.
enter executor Plan:
  1. Look up LF-50912, check e-mail and items.
  2. Check stock of MERINO-TEE-M, two needed.
  3. Create the exchange twice, once per tee.
  4. Refund LANTERN-LED, 36.00 EUR, reason damaged.
call get_order {"order_id":"LF-50912"}
call check_stock {"sku":"MERINO-TEE-M"}
result 185ms {"order_id":"LF-50912","customer_id":"cust-73010","name":"Harbour Scouts","email":"quartermaster@scouts.example.org","status":"delivered","delivered":"2026-11-13","items":[{"sku":"MERINO-TEE-S","name":"Merino tee, S","qty":6,"price":59.00},{"sku":"LANTERN-LED","name":"Tarn LED lantern","qty":1,"price":36.00}],"total":390.00,"payment":"card ending 2222"}
result 97ms {"sku":"MERINO-TEE-M","available":12}
call create_exchange {"order_id":"LF-50912","sku":"MERINO-TEE-S","new_sku":"MERINO-TEE-M"}
result 410ms {"exchange_id":"X-2231","sku":"MERINO-TEE-S","new_sku":"MERINO-TEE-M","qty":1}
call process_refund {"order_id":"LF-50912","sku":"LANTERN-LED","amount":36.00,"reason":"damaged"}
result 650ms {"refund_id":"R-89077","amount":36.00,"status":"submitted"}
executor: get_order: 6 tees S, 1 lantern. check_stock: 12 of M. create_exchange: X-2231, qty 1. process_refund: R-89077, 36.00 EUR submitted.
score groundedness 1 supported: Reports what each tool returned, including "qty 1".
enter verifier Goal: LF-50912: exchange two MERINO-TEE-S for MERINO-TEE-M; refund cracked LANTERN-LED 36.00 EUR.
  Report: get_order: 6 tees S, 1 lantern. check_stock: 12 of M. create_exchange: X-2231, qty 1. process_refund: R-89077, 36.00 EUR submitted.
verifier: FAIL. Only one tee was exchanged (X-2231, qty 1), the goal says two. The refund is right and must not be repeated.
score helpfulness 1 good: Finds the gap and guards against a double refund.
enter executor The verifier says: Only one tee was exchanged (X-2231, qty 1), the goal says two. The refund is right and must not be repeated. Do what is missing.
call create_exchange {"order_id":"LF-50912","sku":"MERINO-TEE-S","new_sku":"MERINO-TEE-M"}
result 398ms {"exchange_id":"X-2232","sku":"MERINO-TEE-S","new_sku":"MERINO-TEE-M","qty":1}
score tool_choice 1 correct: The second tee; R7 counts once per item and these are two items.
executor: create_exchange: X-2232, qty 1. Together with X-2231 that is two.
enter verifier Goal: LF-50912: exchange two MERINO-TEE-S for MERINO-TEE-M; refund cracked LANTERN-LED 36.00 EUR.
  Report: X-2231 qty 1, X-2232 qty 1, R-89077 36.00 EUR submitted.
verifier: PASS. Two exchanges and one refund of 36.00 EUR, each with its reference.
result {"verdict":"PASS","report":"X-2231 and X-2232 (two tees S to M), R-89077 (36.00 EUR for the lantern)."}
wren: Hello Ola, both done. Two tees in M are on their way (X-2231 and X-2232), and €36.00 for the cracked lantern goes back to the card ending 2222 (R-89077). Please keep the two S tees unworn until a return label reaches you; the lantern can go to the recycling. Best, Wren
score groundedness 0.7 mostly conf 0.6: References are right. Nobody has sent a return label yet, the sentence suggests that one is coming.
customer [+3h]: Wonderful, thank you. The label hasn't come yet but no rush.
call send_return_label {"order_id":"LF-50912","email":"quartermaster@scouts.example.org"}
result 169ms {"ok":true,"sent_to":"quartermaster@scouts.example.org"}
wren: Thank you for the nudge, Ola, it's in your inbox now.
---
verdict: pass
note: Verifier earns its money: catches qty 1 and warns against refunding twice. The label slipped, but it was fixed at once and nobody was harmed.
score resolution 1 resolved: Both requests done, label sent on the first hint.
score auto_resolution_judge 1 resolved conf 0.95: Verifier passed the second run.
