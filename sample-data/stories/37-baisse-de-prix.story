id: lk-1037
title: French: price drop, but the new price is a Last Light one
agent: 2026.10
dialect: openinference
when: 2026-11-09 11:42:31
intent: price_adjustment
channel: chat
tier: standard
language: fr
user: cust-70717
handled_by: ai
outcome: csat 3, reopened no, repeat no, resolved yes
---
customer: Bonjour, j'ai acheté le sac Fell 45L à 189 € le 30 octobre et je le vois ce matin à 132,30 €. Pouvez-vous me rembourser la différence ? Commande LF-49266, camille.roux@example.com
call get_order {"order_id":"LF-49266"}
call search_policy {"query":"price adjustment sale"}
result 174ms {"order_id":"LF-49266","customer_id":"cust-70717","name":"Camille Roux","email":"camille.roux@example.com","status":"delivered","placed":"2026-10-30","delivered":"2026-11-04","items":[{"sku":"FELL-45-RUST","name":"Fell 45L pack, rust","price":189.00,"current_price":132.30,"last_light":true}],"total":189.00}
docs F7 0.94, R5 0.73, R1 0.6
wren: Bonjour Camille, je comprends, 56 € d'écart, ça fait mal. Nous remboursons bien la différence pendant 14 jours, sauf quand il s'agit d'une fin de série « Last Light », et c'est malheureusement le cas du Fell rouille depuis ce matin.
score policy_adherence 1 follows: F7 excludes Last Light prices; the order shows last_light true.
score helpfulness 0.4 neutral conf 0.6: A no, clearly explained, without an alternative yet.
customer: Et si je vous le renvoie et que je le recommande à 132 € ? Il est neuf, étiquette comprise.
wren: C'est votre droit : neuf et étiqueté, vous pouvez le renvoyer jusqu'au 4 décembre. Deux choses à savoir avant : l'étiquette coûte 4,90 €, et un article Last Light ne sera ensuite plus remboursable, seulement échangeable. Il peut aussi être épuisé d'ici là. Voulez-vous l'étiquette ?
score policy_adherence 1 follows: R1, R4 and R5 together, with the trap named beforehand.
score groundedness 0.9 supported conf 0.8: 30 days from 4 November is 4 December. The 4.90 EUR come from R4, which was not among the hits.
customer: Non, je vais d'abord en commander un autre. Merci pour la franchise !
wren: Bonne idée, et bonne randonnée !
---
verdict: pass
note: Says no to the adjustment and then honestly explains how she can get the cheaper price anyway. That is service.
score resolution 0.8 resolved: The customer knows what to do.
score auto_resolution_judge 0.4 unclear conf 0.6: Adjustment declined.
