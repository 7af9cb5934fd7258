CREATE TABLE `audit_blinding` (
	`id` integer PRIMARY KEY NOT NULL,
	`blinding` blob NOT NULL
);
--> statement-breakpoint
INSERT INTO `audit_blinding` (`id`, `blinding`) VALUES (1, randomblob(32));
