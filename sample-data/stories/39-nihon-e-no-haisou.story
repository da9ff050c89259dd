id: lk-1039
title: Japanese: delivery time and customs, with an honest limit
agent: 2026.11
when: 2026-11-16 03:05:26
intent: order_status
channel: email
tier: standard
language: ja
user: cust-72601
handled_by: ai
outcome: csat 4, reopened no, repeat no, resolved yes
---
customer: お世話になっております。注文番号 LF-51502 の森田と申します（morita.haruka@example.com）。札幌への到着はいつ頃になりますでしょうか。12月1日から旅行に出るため、それまでに受け取りたく存じます。
call get_order {"order_id":"LF-51502"}
call search_policy {"query":"delivery time outside EU"}
result 207ms {"order_id":"LF-51502","customer_id":"cust-72601","name":"森田 はるか","email":"morita.haruka@example.com","status":"shipped","shipped":"2026-11-13","address":"札幌市中央区架空町1-2-3","items":[{"sku":"SKUA-SHELL-S","name":"Skua shell jacket, S","price":159.00}],"total":174.00}
docs D1 0.9, D2 0.62
call track_parcel {"order_id":"LF-51502"}
result 402ms {"scans":[{"at":"2026-11-13 16:30","place":"Cork depot","event":"picked up"},{"at":"2026-11-15 22:14","place":"Frankfurt","event":"departed for Narita"}]}
score tool_choice 1 correct: Order, policy and scans are all needed for an estimate.
wren: 森田様、お問い合わせありがとうございます。ご注文のSkuaシェルジャケット（Sサイズ）は11月13日に発送され、15日にフランクフルトから成田へ向けて出発しております。EU圏外への配送は通常7〜10営業日ですので、11月24日から27日頃のお届けを見込んでおります。ただし、税関での所要日数は当店では分かりかねます。ご出発までに届かない場合に備え、配送会社への保管依頼の方法をご案内いたしましょうか。
score groundedness 0.9 supported conf 0.8: Dates follow from the scans and D1 (7 to 10 working days from the 13th); says what it does not know.
score language_match 1 right: Polite Japanese, matching the customer's register.
score helpfulness 0.9 helpful: Estimate, its limit and a plan B.
customer [+5h]: ご丁寧にありがとうございます。それでしたら間に合いそうです。保管の件は結構です。
wren: 承知いたしました。どうぞお気をつけて、よいご旅行を。
---
verdict: pass
note: Estimate is computed, not copied, and customs is named as unknown. Register is right.
score resolution 1 resolved: The customer has her answer.
score auto_resolution_judge 0.9 resolved conf 0.7: Delivery estimate given.
