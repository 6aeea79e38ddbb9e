INSERT INTO public.creditor OVERRIDING SYSTEM VALUE VALUES
	(1, 'tidewell', 'Tidewell Housing', 'GB', 'GBP', 'Europe/London', 'en', 'first', true, '2026-11-24 09:30:00+00'),
	(2, 'norrsken', 'Norrsken Bank', 'SE', 'SEK', 'Europe/Stockholm', 'en', 'first', false, '2026-11-24 09:30:00+00'),
	(3, 'ashmere', 'Ashmere Council', 'GB', 'GBP', 'Europe/London', 'en', 'first', false, '2026-11-24 09:30:00+00');
INSERT INTO public.account OVERRIDING SYSTEM VALUE VALUES
	(1, 1, 'test', 'R-1', 'R1', 'GBP', '2026-11-24 09:30:00+00'),
	(2, 3, 'test', 'C-1', 'C1', 'GBP', '2026-11-24 09:30:00+00'),
	(3, 3, 'test', 'C-2', 'C2', 'GBP', '2026-11-24 09:30:00+00'),
	(4, 2, 'test', 'L-1', 'L1', 'SEK', '2026-11-24 09:30:00+00');
INSERT INTO public.account_terms OVERRIDING SYSTEM VALUE VALUES
	(1, 1, 1, 'rent', NULL, '2025-01-01', NULL, NULL, NULL, NULL, NULL, '{}', '2026-11-24 09:30:00+00', NULL, NULL),
	(2, 3, 2, 'council_tax', NULL, '2025-01-01', NULL, NULL, NULL, NULL, NULL, '{}', '2026-11-24 09:30:00+00', NULL, NULL),
	(3, 3, 3, 'care', NULL, '2025-01-01', NULL, NULL, NULL, NULL, NULL, '{}', '2026-11-24 09:30:00+00', NULL, NULL),
	(4, 2, 4, 'loan', NULL, '2025-01-01', NULL, NULL, NULL, NULL, NULL, '{}', '2026-11-24 09:30:00+00', NULL, NULL);
INSERT INTO public.payment OVERRIDING SYSTEM VALUE VALUES
	(1, 1, 'GBP', 30000, '2026-10-05', '2026-11-24 09:30:00+00', 764, 'p1', NULL),
	(2, 3, 'GBP', 14000, '2026-11-02', '2026-11-24 09:30:00+00', 764, 'p2', NULL),
	(3, 2, 'SEK', 25000, '2026-11-27', '2026-11-27 09:30:00+00', 784, 'p3', NULL);
INSERT INTO public.person OVERRIDING SYSTEM VALUE VALUES
	(1, 'EV2FR947RD', 'Marta Lindqvist', 'marta lindqvist', false, NULL, 'GB', '2026-11-24 09:30:00+00'),
	(2, 'EVS4R86K5G', 'Idris Okafor', 'idris okafor', false, NULL, 'GB', '2026-11-24 09:30:00+00'),
	(3, 'EV93WVFQRC', 'Saga Lund', 'saga lund', false, NULL, 'SE', '2026-11-24 09:30:00+00');
INSERT INTO public.proposal OVERRIDING SYSTEM VALUE VALUES
	(3, 2, NULL, 1, 'person', 'plan', 'submitted', 'GBP', 2000, 0, NULL, 'monthly', '2026-12-01', 1, 'EW', '2026-12-01', 'c', 'debtor:2', '2026-11-24 09:30:00+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(1, 1, NULL, 1, 'person', 'plan', 'agreed', 'GBP', 5000, 0, NULL, 'monthly', '2026-11-30', 30, 'EW', '2026-11-30', 'a', 'debtor:1', '2026-11-24 09:30:00+00', 'collector:1', '2026-11-24 09:30:00+00', NULL, NULL, NULL, NULL, NULL),
	(2, 3, NULL, 1, 'person', 'plan', 'agreed', 'SEK', 25000, 0, NULL, 'monthly', '2026-11-27', 27, 'SE', '2026-11-27', 'b', 'debtor:3', '2026-11-24 09:30:00+00', 'collector:1', '2026-11-24 09:30:00+00', NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.arrangement OVERRIDING SYSTEM VALUE VALUES
	(1, 1, 1, 'plan', 'GBP', 'monthly', 'EW', 5, '2026-11-24 09:30:00+00', '2026-11-24', 'live', NULL, 768),
	(2, 3, 2, 'plan', 'SEK', 'monthly', 'SE', 5, '2026-11-24 09:30:00+00', '2026-11-24', 'live', NULL, 768);
INSERT INTO public.arrangement_account VALUES
	(1, 2, 3, 1, 50000, NULL),
	(2, 4, 2, 1, 250000, NULL);
INSERT INTO public.contact OVERRIDING SYSTEM VALUE VALUES
	(1, 1, 1, 'creditor', 'mobile', '+447700900145', '+447700900145', '2026-11-24', false, '2026-11-24 09:30:00+00', NULL, NULL),
	(2, 1, 1, 'creditor', 'email', 'marta@example.org', 'marta@example.org', '2026-11-24', false, '2026-11-24 09:30:00+00', NULL, NULL),
	(3, 2, 3, 'creditor', 'mobile', '+447700900146', '+447700900146', '2026-11-24', false, '2026-11-24 09:30:00+00', NULL, NULL),
	(4, 3, 2, 'creditor', 'mobile', '+46740609123', '+46740609123', '2026-11-24', false, '2026-11-24 09:30:00+00', NULL, NULL);
INSERT INTO public.message OVERRIDING SYSTEM VALUE VALUES
	(1, 2, 3, 'sms', 'reminder', '2026-11-24', '2026-11-24 07:00:00+00', '2026-11-26 23:00:00+00', 'sent', 1, NULL, 'tray', 'tray-1', 4, 'en', 'Evenly: a note is waiting for you. Sign in at https://my.example.org/l/Ab3-Ab3-Ab3-Ab3-Ab3-Ab3-Ab3-Ab3-03 or ring 0808 157 0123. Reply STOP to end texts.', '6a5773a6-de6c-4f03-99a9-86137614257c', NULL, NULL, NULL, '2026-11-24 09:30:00+00', '2026-11-24 09:30:00+00', '2026-11-24 09:30:00+00'),
	(2, NULL, 2, 'sms', 'message_waits', '2026-11-25', '2026-11-26 09:30:00+00', '2026-12-02 09:30:00+00', 'sent', 1, NULL, 'tray', 'tray-2', 3, 'en', 'Evenly: a message is waiting for you. Sign in at https://my.example.org/l/Ab3-Ab3-Ab3-Ab3-Ab3-Ab3-Ab3-Ab3-02 or ring 0808 157 0123. Reply STOP to end texts.', '2a0cf37f-60d5-4443-bf01-92905f0b226a', NULL, NULL, NULL, '2026-11-26 09:30:00+00', '2026-11-26 09:30:00+00', '2026-11-26 09:30:00+00'),
	(3, 3, 1, 'sms', 'reminder', '2026-11-27', '2026-11-27 08:00:00+00', '2026-11-30 00:00:00+00', 'sent', 1, NULL, 'tray', 'tray-4', 1, 'en', 'Evenly: a note is waiting for you. Sign in at https://my.example.org/l/Ab3-Ab3-Ab3-Ab3-Ab3-Ab3-Ab3-Ab3-01 or ring 0808 157 0123. Reply STOP to end texts.', 'dcbbe842-606b-4212-b9f6-25c6f0144a64', NULL, NULL, NULL, '2026-11-27 09:30:00+00', '2026-11-27 09:30:00+00', '2026-11-27 09:30:00+00'),
	(4, 2, 3, 'sms', 'reminder', '2026-11-27', '2026-11-27 07:00:00+00', '2026-11-27 23:00:00+00', 'sent', 1, NULL, 'tray', 'tray-3', 4, 'en', 'Evenly: a note is waiting for you. Sign in at https://my.example.org/l/Ab3-Ab3-Ab3-Ab3-Ab3-Ab3-Ab3-Ab3-03 or ring 0808 157 0123. Reply STOP to end texts.', '7b1618f1-7c25-473b-8ef9-8ed29786c1e7', NULL, NULL, NULL, '2026-11-27 09:30:00+00', '2026-11-27 09:30:00+00', '2026-11-27 09:30:00+00'),
	(5, 1, 1, 'sms', 'reminder', '2026-11-28', '2026-11-28 09:00:00+00', '2026-12-01 00:00:00+00', 'sent', 1, NULL, 'tray', 'tray-5', 1, 'en', 'Evenly: a note is waiting for you. Sign in at https://my.example.org/l/Ab3-Ab3-Ab3-Ab3-Ab3-Ab3-Ab3-Ab3-01 or ring 0808 157 0123. Reply STOP to end texts.', 'cb0ba919-e234-4240-b493-1b294e8f9d9b', NULL, NULL, NULL, '2026-11-28 09:30:00+00', '2026-11-28 09:30:00+00', '2026-11-28 09:30:00+00'),
	(6, 1, 2, 'sms', 'reminder', '2026-11-28', '2026-11-28 09:00:00+00', '2026-12-01 00:00:00+00', 'sent', 1, NULL, 'tray', 'tray-6', 3, 'en', 'Evenly: a note is waiting for you. Sign in at https://my.example.org/l/Ab3-Ab3-Ab3-Ab3-Ab3-Ab3-Ab3-Ab3-02 or ring 0808 157 0123. Reply STOP to end texts.', '6b69da9f-bbe6-47f3-a189-ad7d13a60611', NULL, NULL, NULL, '2026-11-28 09:30:00+00', '2026-11-28 09:30:00+00', '2026-11-28 09:30:00+00');
INSERT INTO public.attempt VALUES
	(1, 1, '2026-11-28 13:57:04.439033+00', '2026-11-28 13:57:04.538527+00', 'accepted', 'tray-1', NULL),
	(2, 1, '2026-11-28 13:57:04.805446+00', '2026-11-28 13:57:04.877608+00', 'accepted', 'tray-2', NULL),
	(3, 1, '2026-11-28 13:57:04.977157+00', '2026-11-28 13:57:05.047187+00', 'accepted', 'tray-4', NULL),
	(4, 1, '2026-11-28 13:57:04.977157+00', '2026-11-28 13:57:05.047187+00', 'accepted', 'tray-3', NULL),
	(5, 1, '2026-11-28 13:57:05.153347+00', '2026-11-28 13:57:05.193868+00', 'accepted', 'tray-5', NULL),
	(6, 1, '2026-11-28 13:57:05.153347+00', '2026-11-28 13:57:05.193868+00', 'accepted', 'tray-6', NULL);
INSERT INTO public.due OVERRIDING SYSTEM VALUE VALUES
	(1, 1, 1, '2026-09-01', 45000, 'principal', '2026-11-24 09:30:00+00', NULL, NULL),
	(2, 1, 1, '2026-10-01', 45000, 'principal', '2026-11-24 09:30:00+00', NULL, NULL),
	(3, 1, 1, '2026-11-01', 45000, 'principal', '2026-11-24 09:30:00+00', NULL, NULL),
	(4, 1, 1, '2026-12-01', 45000, 'principal', '2026-11-24 09:30:00+00', NULL, NULL),
	(5, 1, 1, '2027-01-01', 45000, 'principal', '2026-11-24 09:30:00+00', NULL, NULL),
	(6, 1, 1, '2027-02-01', 45000, 'principal', '2026-11-24 09:30:00+00', NULL, NULL);
INSERT INTO public.entry OVERRIDING SYSTEM VALUE VALUES
	(1, 1, 1, 'GBP', 'charge', 'principal', 'charged', 90000, '2026-09-01', NULL, '2026-11-24 09:30:00+00', 764, 'k1', NULL, NULL),
	(2, 1, 1, 'GBP', 'charge', 'principal', 'charged', 45000, '2026-10-01', NULL, '2026-11-24 09:30:00+00', 764, 'k2', NULL, NULL),
	(3, 1, 1, 'GBP', 'payment', 'principal', 'paid_in', -30000, '2026-10-05', NULL, '2026-11-24 09:30:00+00', 764, 'p1/1/principal', 1, NULL),
	(4, 3, 2, 'GBP', 'charge', 'principal', 'charged', 60000, '2026-04-01', '2026-05-01', '2026-11-24 09:30:00+00', 764, 'k3', NULL, NULL),
	(5, 3, 3, 'GBP', 'charge', 'principal', 'charged', 24000, '2026-10-01', NULL, '2026-11-24 09:30:00+00', 764, 'k4', NULL, NULL),
	(6, 2, 4, 'SEK', 'charge', 'principal', 'charged', 250000, '2026-06-01', '2026-07-01', '2026-11-24 09:30:00+00', 764, 'k5', NULL, NULL),
	(7, 3, 2, 'GBP', 'payment', 'principal', 'paid_in', -10000, '2026-11-02', NULL, '2026-11-24 09:30:00+00', 764, 'p2/2/principal', 2, NULL),
	(8, 3, 3, 'GBP', 'payment', 'principal', 'paid_in', -4000, '2026-11-02', NULL, '2026-11-24 09:30:00+00', 764, 'p2/3/principal', 2, NULL),
	(9, 2, 4, 'SEK', 'payment', 'principal', 'paid_in', -25000, '2026-11-27', NULL, '2026-11-27 09:30:00+00', 784, 'p3/4/principal', 3, NULL);
INSERT INTO public.history OVERRIDING SYSTEM VALUE VALUES
	(1, 764, '2026-11-24 09:30:00+00', 'user.created', 'test', NULL, NULL, NULL, 'staff:1', '{"role":"collector"}', 'c6f70c2e-72e0-425c-a281-7d35fefe4f89', NULL),
	(2, 764, '2026-11-24 09:30:00+00', 'creditor.added', 'test', 1, NULL, NULL, NULL, '{"ref":"tidewell"}', '6e6003ca-6ee9-4369-8866-174e566657b8', NULL),
	(3, 764, '2026-11-24 09:30:00+00', 'creditor.added', 'test', 2, NULL, NULL, NULL, '{"ref":"norrsken"}', '8d38ac49-c944-4b8f-909b-cba4bb5740d0', NULL),
	(4, 764, '2026-11-24 09:30:00+00', 'creditor.added', 'test', 3, NULL, NULL, NULL, '{"ref":"ashmere"}', '29a5d618-69a4-42f5-908c-a726c75cde22', NULL),
	(5, 764, '2026-11-24 09:30:00+00', 'contact.added', 'test', 1, 1, NULL, 'contact:1', '{"kind":"mobile","source":"creditor"}', '81fc56aa-de28-4aa3-999f-82fad00fbde1', NULL),
	(6, 764, '2026-11-24 09:30:00+00', 'contact.added', 'test', 1, 1, NULL, 'contact:2', '{"kind":"email","source":"creditor"}', '46367198-88b5-4ce0-8b8f-1da14cb2bca7', NULL),
	(7, 764, '2026-11-24 09:30:00+00', 'contact.added', 'test', 3, 2, NULL, 'contact:3', '{"kind":"mobile","source":"creditor"}', 'f0ef0e3c-16db-47aa-adb5-04b1b3e61c81', NULL),
	(8, 764, '2026-11-24 09:30:00+00', 'contact.added', 'test', 2, 3, NULL, 'contact:4', '{"kind":"mobile","source":"creditor"}', 'f4f25a94-f9a7-4fbd-9024-460b351d06cb', NULL),
	(9, 764, '2026-11-24 09:30:00+00', 'entry.posted', 'test', 1, NULL, 1, NULL, '{"what":"charge","amount":90000,"key":"k1","currency":"GBP","on":"2026-09-01"}', 'd2f88afe-239b-4099-aed5-9572e93cd5a6', NULL),
	(10, 764, '2026-11-24 09:30:00+00', 'entry.posted', 'test', 1, NULL, 1, NULL, '{"what":"charge","amount":45000,"key":"k2","currency":"GBP","on":"2026-10-01"}', '847f9702-8041-4c20-9c38-2b6410610d22', NULL),
	(11, 764, '2026-11-24 09:30:00+00', 'payment.posted', 'test', 1, NULL, 1, 'payment:1', '{"amount":30000,"key":"p1","currency":"GBP","on":"2026-10-05"}', '8c26b877-b1fc-4765-ac35-be2ffe72d790', NULL),
	(12, 764, '2026-11-24 09:30:00+00', 'entry.posted', 'test', 3, NULL, 2, NULL, '{"what":"charge","amount":60000,"key":"k3","currency":"GBP","on":"2026-04-01"}', 'df32fa7a-5da9-4ff0-912c-04d048f055f5', NULL),
	(13, 764, '2026-11-24 09:30:00+00', 'entry.posted', 'test', 3, NULL, 3, NULL, '{"what":"charge","amount":24000,"key":"k4","currency":"GBP","on":"2026-10-01"}', '501e47b0-5f49-42ee-9f45-4763426f8821', NULL),
	(14, 764, '2026-11-24 09:30:00+00', 'entry.posted', 'test', 2, NULL, 4, NULL, '{"what":"charge","amount":250000,"key":"k5","currency":"SEK","on":"2026-06-01"}', 'fab59349-fcfe-4288-8012-16f4bbcaec6c', NULL),
	(15, 764, '2026-11-24 09:30:00+00', 'payment.posted', 'test', 3, NULL, 2, 'payment:2', '{"amount":10000,"key":"p2","currency":"GBP","on":"2026-11-02"}', 'c9d9f1fa-66d8-4ee7-862b-d3b6f98cb642', NULL),
	(16, 764, '2026-11-24 09:30:00+00', 'payment.posted', 'test', 3, NULL, 3, 'payment:2', '{"amount":4000,"key":"p2","currency":"GBP","on":"2026-11-02"}', '5db7bb71-0997-49d4-90c9-8dde3134314c', NULL),
	(17, 765, '2026-11-24 09:30:00+00', 'proposal.submitted', 'debtor:1', NULL, 1, NULL, 'proposal:1', '{"kind":"plan","version":1,"amount":5000,"currency":"GBP","rhythm":"monthly","upfront":0,"first_on":"2026-11-30","last_on":"2027-08-31","count":10,"total":50000,"accounts":1}', '2b121ffa-8cc6-41ae-9d64-6891d54d471b', NULL),
	(18, 766, '2026-11-24 09:30:00+00', 'proposal.submitted', 'debtor:3', NULL, 3, NULL, 'proposal:2', '{"kind":"plan","version":1,"amount":25000,"currency":"SEK","rhythm":"monthly","upfront":0,"first_on":"2026-11-27","last_on":"2027-08-27","count":10,"total":250000,"accounts":1}', '837b292b-d583-463f-b06f-b58837d7ee57', NULL),
	(19, 767, '2026-11-24 09:30:00+00', 'proposal.submitted', 'debtor:2', NULL, 2, NULL, 'proposal:3', '{"kind":"plan","version":1,"amount":2000,"currency":"GBP","rhythm":"monthly","upfront":0,"first_on":"2026-12-01","last_on":"2027-09-01","count":10,"total":20000,"accounts":1}', '68d6ac72-f332-4e93-97f4-13b0ad19dd67', NULL),
	(20, 768, '2026-11-24 09:30:00+00', 'proposal.agreed', 'collector:1', NULL, 1, NULL, 'proposal:1', '{"version":1}', '5a83c912-bbb6-43ce-87c0-aecdaee95f94', NULL),
	(21, 768, '2026-11-24 09:30:00+00', 'arrangement.started', 'collector:1', NULL, 1, NULL, 'arrangement:1', '{"kind":"plan","currency":"GBP","rhythm":"monthly","total":50000,"count":10,"first":5000,"first_on":"2026-11-30","last_on":"2027-08-31"}', '4c313a8c-adaf-4317-bb4b-3a5a23287995', NULL),
	(22, 768, '2026-11-24 09:30:00+00', 'proposal.agreed', 'collector:1', NULL, 3, NULL, 'proposal:2', '{"version":1}', '7766ae66-e0e5-472a-a26f-28cd1df27725', NULL),
	(23, 768, '2026-11-24 09:30:00+00', 'arrangement.started', 'collector:1', NULL, 3, NULL, 'arrangement:2', '{"kind":"plan","currency":"SEK","rhythm":"monthly","total":250000,"count":10,"first":25000,"first_on":"2026-11-27","last_on":"2027-08-27"}', '764f703b-47ae-48c4-8cb6-ee8b0198e24e', NULL),
	(24, 769, '2026-11-24 09:30:00+00', 'conversation.written', 'debtor:2', NULL, 2, NULL, 'said:1', '{"channel":"portal","proof":"42974590c4351d8903b6df5cffc57300ebe8eb9bbc74ea983ddba9c8263d3226"}', '2d6740f8-502d-4f0e-b0ab-5061cc7f5e2c', NULL),
	(25, 774, '2026-11-24 09:30:00+00', 'message.sent', 'delivery', 2, 3, NULL, 'message:1', '{"template":"reminder","channel":"sms","attempt":1,"proof":"d873403f1153f4c0f254a2b992c011987f67067716e66a9087c7c9f12f9ffff3"}', '1ea2d60a-7f4f-4036-be25-1854f441bbb5', NULL),
	(26, 776, '2026-11-25 09:30:00+00', 'conversation.answered', 'collector:1', NULL, 2, NULL, 'said:2', '{"proof":"8c6a49f4536484323ecae8f757900cd3a4cb6f89ce03d5001217bb7b44fefa16"}', '91ba2940-a79c-4dc9-ad30-e2c45e74bdeb', NULL),
	(27, 779, '2026-11-26 09:30:00+00', 'message.sent', 'delivery', NULL, 2, NULL, 'message:2', '{"template":"message_waits","channel":"sms","attempt":1,"proof":"76c68ced60ccd72250a2a2c01962b1873d127f7fac24e56bbbbfbd7ccc643b49"}', '37456177-0c7b-4c6a-b07e-110c7cdf190b', NULL),
	(28, 783, '2026-11-27 09:30:00+00', 'message.sent', 'delivery', 3, 1, NULL, 'message:3', '{"template":"reminder","channel":"sms","attempt":1,"proof":"9b4423b026bba1ec1f8dcce3ad67d3605639ee8dde9ebfd28a533233c9789e89"}', '48c78992-2ad5-4d14-8478-90ed83e30a2a', NULL),
	(29, 783, '2026-11-27 09:30:00+00', 'message.sent', 'delivery', 2, 3, NULL, 'message:4', '{"template":"reminder","channel":"sms","attempt":1,"proof":"c2ef205622438a17de541fa8f3088432ad41ddb07626ba0b5abad7046cd9de6b"}', '2803ac4b-dd4c-43b3-b3c0-1f185a5fc757', NULL),
	(30, 784, '2026-11-27 09:30:00+00', 'payment.posted', 'test', 2, NULL, 4, 'payment:3', '{"amount":25000,"key":"p3","currency":"SEK","on":"2026-11-27"}', 'f93a62e6-00ef-4df0-8133-25f128c5f430', NULL),
	(31, 789, '2026-11-28 09:30:00+00', 'message.sent', 'delivery', 1, 1, NULL, 'message:5', '{"template":"reminder","channel":"sms","attempt":1,"proof":"43b61c5c242ae74bea7d1c53b9e170a0cd21921b9b75c4a265a04f5f91b58d42"}', '253e4f64-d5bd-4571-baf8-ee53afb920c9', NULL),
	(32, 789, '2026-11-28 09:30:00+00', 'message.sent', 'delivery', 1, 2, NULL, 'message:6', '{"template":"reminder","channel":"sms","attempt":1,"proof":"608c3e523ba790342a0387763c8bad885eccae1498b07fd7cace91907059b310"}', '09404949-a607-4581-8747-666637c7beac', NULL);
INSERT INTO public.instalment OVERRIDING SYSTEM VALUE VALUES
	(1, 1, 1, 'regular', '2026-11-30', '2026-11-30'),
	(2, 1, 2, 'regular', '2026-12-30', '2026-12-30'),
	(3, 1, 3, 'regular', '2027-01-30', '2027-02-01'),
	(4, 1, 4, 'regular', '2027-02-28', '2027-03-01'),
	(5, 1, 5, 'regular', '2027-03-30', '2027-03-30'),
	(6, 1, 6, 'regular', '2027-04-30', '2027-04-30'),
	(7, 1, 7, 'regular', '2027-05-30', '2027-06-01'),
	(8, 1, 8, 'regular', '2027-06-30', '2027-06-30'),
	(9, 1, 9, 'regular', '2027-07-30', '2027-07-30'),
	(10, 1, 10, 'regular', '2027-08-30', '2027-08-31'),
	(11, 2, 1, 'regular', '2026-11-27', '2026-11-27'),
	(12, 2, 2, 'regular', '2026-12-27', '2026-12-28'),
	(13, 2, 3, 'regular', '2027-01-27', '2027-01-27'),
	(14, 2, 4, 'regular', '2027-02-27', '2027-03-01'),
	(15, 2, 5, 'regular', '2027-03-27', '2027-03-30'),
	(16, 2, 6, 'regular', '2027-04-27', '2027-04-27'),
	(17, 2, 7, 'regular', '2027-05-27', '2027-05-27'),
	(18, 2, 8, 'regular', '2027-06-27', '2027-06-28'),
	(19, 2, 9, 'regular', '2027-07-27', '2027-07-27'),
	(20, 2, 10, 'regular', '2027-08-27', '2027-08-27');
INSERT INTO public.instalment_share VALUES
	(1, 2, 3, 5000),
	(2, 2, 3, 5000),
	(3, 2, 3, 5000),
	(4, 2, 3, 5000),
	(5, 2, 3, 5000),
	(6, 2, 3, 5000),
	(7, 2, 3, 5000),
	(8, 2, 3, 5000),
	(9, 2, 3, 5000),
	(10, 2, 3, 5000),
	(11, 4, 2, 25000),
	(12, 4, 2, 25000),
	(13, 4, 2, 25000),
	(14, 4, 2, 25000),
	(15, 4, 2, 25000),
	(16, 4, 2, 25000),
	(17, 4, 2, 25000),
	(18, 4, 2, 25000),
	(19, 4, 2, 25000),
	(20, 4, 2, 25000);
INSERT INTO public.liability OVERRIDING SYSTEM VALUE VALUES
	(1, 1, 1, 1, 'holder', NULL, false, '2026-11-24 09:30:00+00', NULL, NULL),
	(2, 1, 1, 2, 'joint', NULL, false, '2026-11-24 09:30:00+00', NULL, NULL),
	(3, 3, 2, 1, 'holder', NULL, false, '2026-11-24 09:30:00+00', NULL, NULL),
	(4, 3, 3, 2, 'holder', NULL, false, '2026-11-24 09:30:00+00', NULL, NULL),
	(5, 2, 4, 3, 'holder', NULL, false, '2026-11-24 09:30:00+00', NULL, NULL);
INSERT INTO public.notice_cursor VALUES
	('arrangement.started', 786, '2026-11-24 09:30:00+00'),
	('conversation.answered', 786, '2026-11-24 09:30:00+00'),
	('proposal.agreed', 786, '2026-11-24 09:30:00+00'),
	('proposal.countered', 786, '2026-11-24 09:30:00+00'),
	('proposal.declined', 786, '2026-11-24 09:30:00+00');
INSERT INTO public."position" VALUES
	(1, 1, '2026-11-24', 135000, 30000, 105000, '2026-09-01', 15000, '2026-12-01', NULL, '2026-12-02', 764),
	(2, 3, '2026-11-24', 60000, 10000, 50000, '2026-05-01', 50000, NULL, NULL, NULL, 764),
	(3, 3, '2026-11-24', 24000, 4000, 20000, '2026-10-01', 20000, NULL, NULL, NULL, 764),
	(4, 2, '2026-11-27', 250000, 25000, 225000, '2026-07-01', 225000, NULL, NULL, NULL, 784);
INSERT INTO public.proposal_account VALUES
	(1, 2, 3, 1, 50000),
	(2, 4, 2, 1, 250000),
	(3, 3, 3, 1, 20000);
INSERT INTO public.reason VALUES
	('instalment:11', 'arrangement:2', 'before', 3, 'sms', 1),
	('history:26', 'said:2', 'conversation.answered', 2, 'sms', 2),
	('instalment:1', 'arrangement:1', 'before', 1, 'sms', 3),
	('instalment:11', 'arrangement:2', 'day', 3, 'sms', 4),
	('due:4', 'account:1', 'before', 1, 'sms', 5),
	('due:4', 'account:1', 'before', 2, 'sms', 6);
INSERT INTO public.record OVERRIDING SYSTEM VALUE VALUES
	(1, 1, 'test', 'P1', 1, 'Marta Lindqvist', 'marta lindqvist', '1984-05-17', NULL, NULL, NULL, NULL, NULL, 'AB1 2CD', 'AB12CD', 'GB', '+447700900145', '+447700900145', 'marta@example.org', 'marta@example.org', NULL, '{}', '2026-11-24 09:30:00+00', NULL, NULL),
	(2, 3, 'test', 'P2', 2, 'Idris Okafor', 'idris okafor', '1990-02-03', NULL, NULL, NULL, NULL, NULL, 'AB1 2CD', 'AB12CD', 'GB', '+447700900146', '+447700900146', NULL, NULL, NULL, '{}', '2026-11-24 09:30:00+00', NULL, NULL),
	(3, 2, 'test', 'P3', 3, 'Saga Lund', 'saga lund', '1984-05-17', NULL, NULL, NULL, NULL, NULL, '11122', '11122', 'SE', '+46740609123', '+46740609123', NULL, NULL, NULL, '{}', '2026-11-24 09:30:00+00', NULL, NULL);
INSERT INTO public.said OVERRIDING SYSTEM VALUE VALUES
	(2, 2, 'staff', 'portal', 'collector:1', 'Yes, Friday is fine.', '3948184c-bc34-4493-930a-2f08a63a178a', NULL, '2026-11-25 09:30:00+00', NULL, NULL, 'w2'),
	(1, 2, 'person', 'portal', 'debtor:2', 'Can I pay on Friday?', '76d59522-7e2b-43c1-98c9-8b2905b6fea2', 'none', '2026-11-24 09:30:00+00', '2026-11-25 09:30:00+00', NULL, 'w1');
INSERT INTO public.seal VALUES
	(1, 0, 785, 42, '\xd1230cac18aeed6ef1b5276bc68624c6f2f4f550d550a8bd00d3a184473e70a44aa88964389f06f20cfe057f8d196e393f2eab557513a22d7c1bb25ad53d6eb39ddfaca382e56738ba410fd9dd4a120024a5b3dd4bd7986a0fa66350c84964fed95d91507958513128dc3f597a2bd95fce56c03d21b4ccc3c8db91e047173a8ad24847db40d9bdcc2ba29e0afa9cb73345128275f53c3356a77a3f7e4fe44850af45cf7b4c8cf9e82bd70f1b2ba837dfd8b0f63bc6e55ebe20c72e2e5e9bed242c58044fbd3ceedf3da9b03a9f26a5ac9a7a470bf75692ee308a79642f45975f811c3cb915fb6638f1abbd383875030bb68565015439ef7fc0b978838cb8fb7871fa8b87a2b26f17d3c53be8a0c78aec07361c9867fb61db5ab8a33b66534d899ab27f908262e58e6faee3b4ad109ed27dcf9009cb80923b4ec125837de90c8b8c86b7471eba71662a7a026e6c17c2b9723db4d229e88928713d6eefd25fdd790e2ebf976bae47c784d14c4a79822628909f12401936d3331062df5bdf87671da89c45183559564cd107f420dd59ac2a4a948e2b6dd3bcecd5ed269a2ab04fe5e1179130dd37c19e329d37339cc83995688a8c3218a2d4306d50d02f401aa72e934a08a69192ef17b48f667f05486a3040d8c19f4ad64e87a57403bf7adf0305d7e97ed6e2adc6df99c6801a3ed77de762fdb007d3602ef9ed43bb6e0dd0f81f80435dc50f89f54f2dbb7084d2dde80d1896c63c43db10895cf6505b2e4e15115064f6cb7e17915b09ee393c9a612ef8551e4a0a0c43ddd3ced5cfdc6febcec5833d422906c7607cdb5fdd8843f5b0e96a25ec4d0d71a9eb58b336844a400ed83b95c58ec5e14f5ede08ea39176e8b951d15aa381716b374061698f6b2cfb1f4496fe5494f4490fdee41ec5df8f9455bc248539ac9f63cd8e5263c6fef4e6d1297b5378e134e46b12afb05fe6402c64804d206b7f8cd63fe2629f9a89e31e39550798c00182510432a371e097ec114bde5ba8391a0661ed6cf233a4d74839002709e8890ca1c81d693ec1cbd179d6b720acd70bf9636ce8c1acb0e1f405a065e1354907a02fca6644af7276a5ef90e554df0a6fd6363428158cf6bdc4f016c1f70bd7522689cd408785d2f840682fc57b91062d070c22c6ca3259ab7e5d6cadd78fe136f69ea7abe15a833b81d243309d7cd57b61bde387fc037e7c9460cf5c459b933f1d153db4e7b067b1e5289aeab5317469c454d72f95c383bf39483fe2252576e9bc0c967c54443040d9d940b2d1ae238dc2c8aaeeef7c3ed0e7f2d74cdce6c172a9015d4d5c033f15445e26f3408849eef3b838d704a14a837ed4c2a443f15b07a61159fefaff352847bf08fbcae390cef38bcca4775b6c2e59ab5c08acab1c580dd2d4dbfa0f9775b6b84628f7b1d85d51f8316c675dfce4fd01b7e13efdc96b78c260f8a5c1b1d7e71e5285ec441bc49027b0c0df9a4f4eea6b307e29c471e11cedc8af77edd70ec294855ec8eb62490c5ffa4bc7227fff09ab6de884ea64c4fc6a16eea54e5713f70fb59a868b363f297105491d71fbfb8b3b058a1ace10d2c8b5021475a4b3e19a8fcf1dfd694181b9ae77b0672f4c3ffda8faa670c0f3a74ea51fe14a00ed84ffa660fae013bc1f0619fc3d80a6154cad1be6f32168860506edca0a697137f5e1188be45f7758b3aa1174954eb98faeaaafe001815764a9e9e59dd8dfcc0cf94900331f2e7568b9fd83cbfad650007bf1bc3286ac76010285b9a943f3e800fe594c02700c8b69e735f5f62189b5cf472e328663d1478bdbf2915b64fdaced8c2262737a258ceb7a49bb41829ca0ebbbe2c377b7b2b13ba37ce436c757845cd3764550394b673b19c163d6f3db7e6d0124810e872', '\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', '\xc6b2068851ecf55baa92f1790fb35a7a7f590ba8db35b7fb7559a8264db07e2b', '2026-11-28 13:57:05.09871+00'),
	(2, 785, 790, 2, '\xecf70b23580579754fd2619d915b08f46ed09daf1f6eb314ce9e40958afdf81fd136f2b50019cf5a650e0d3a5ce647bcbcf0eb769197166294dfaed048f8b08d', '\xc6b2068851ecf55baa92f1790fb35a7a7f590ba8db35b7fb7559a8264db07e2b', '\x5613d32bdb8c6191a0a2526db515aa8af4b3cd68bf86c03684e9dbbc718f8562', '2026-11-28 13:57:05.204473+00');
INSERT INTO public.staff OVERRIDING SYSTEM VALUE VALUES
	(1, 'priya@example.org', 'Priya Nand', 'collector', NULL, '-', '-', 0, NULL, false, '2026-11-24 09:30:00+00');
INSERT INTO public.work_item OVERRIDING SYSTEM VALUE VALUES
	(3, 2, 'proposal', 'proposal:3', 1, '2026-11-24 09:30:00+00', '2026-11-26', NULL, NULL, NULL, NULL, NULL, NULL),
	(1, 1, 'proposal', 'proposal:1', 1, '2026-11-24 09:30:00+00', '2026-11-26', NULL, NULL, NULL, NULL, '2026-11-24 09:30:00+00', 'collector:1'),
	(2, 3, 'proposal', 'proposal:2', 1, '2026-11-24 09:30:00+00', '2026-11-26', NULL, NULL, NULL, NULL, '2026-11-24 09:30:00+00', 'collector:1'),
	(4, 2, 'message', 'said:1', 1, '2026-11-24 09:30:00+00', NULL, NULL, NULL, NULL, NULL, '2026-11-25 09:30:00+00', 'collector:1');
SELECT pg_catalog.setval('public.account_id_seq', 4, true);
SELECT pg_catalog.setval('public.account_terms_id_seq', 4, true);
SELECT pg_catalog.setval('public.announced_id_seq', 1, false);
SELECT pg_catalog.setval('public.arrangement_id_seq', 2, true);
SELECT pg_catalog.setval('public.batch_id_seq', 1, false);
SELECT pg_catalog.setval('public.carrier_event_id_seq', 1, false);
SELECT pg_catalog.setval('public.code_request_id_seq', 1, false);
SELECT pg_catalog.setval('public.contact_id_seq', 4, true);
SELECT pg_catalog.setval('public.creditor_id_seq', 3, true);
SELECT pg_catalog.setval('public.due_id_seq', 6, true);
SELECT pg_catalog.setval('public.entry_id_seq', 9, true);
SELECT pg_catalog.setval('public.extra_fact_id_seq', 1, false);
SELECT pg_catalog.setval('public.history_id_seq', 32, true);
SELECT pg_catalog.setval('public.instalment_id_seq', 20, true);
SELECT pg_catalog.setval('public.joined_id_seq', 1, false);
SELECT pg_catalog.setval('public.knock_id_seq', 1, false);
SELECT pg_catalog.setval('public.liability_id_seq', 5, true);
SELECT pg_catalog.setval('public.message_id_seq', 6, true);
SELECT pg_catalog.setval('public.payment_id_seq', 3, true);
SELECT pg_catalog.setval('public.permission_id_seq', 1, false);
SELECT pg_catalog.setval('public.person_id_seq', 3, true);
SELECT pg_catalog.setval('public.proposal_id_seq', 3, true);
SELECT pg_catalog.setval('public.record_id_seq', 3, true);
SELECT pg_catalog.setval('public.said_id_seq', 2, true);
SELECT pg_catalog.setval('public.staff_id_seq', 1, true);
SELECT pg_catalog.setval('public.visit_id_seq', 1, false);
SELECT pg_catalog.setval('public.work_item_id_seq', 4, true);
