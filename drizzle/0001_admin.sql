CREATE TABLE `service_token_reads` (
	`service_token_id` integer NOT NULL,
	`day` integer NOT NULL,
	`reads` integer NOT NULL,
	`last_read_at` integer NOT NULL,
	`last_address` text NOT NULL,
	PRIMARY KEY(`service_token_id`, `day`),
	FOREIGN KEY (`service_token_id`) REFERENCES `service_tokens`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `staged_seals` (
	`rotation` text NOT NULL,
	`kind` text NOT NULL,
	`first_id` integer NOT NULL,
	`second_id` integer NOT NULL,
	`sealed_first` blob,
	`sealed_second` blob,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`rotation`, `kind`, `first_id`, `second_id`)
);
--> statement-breakpoint
ALTER TABLE `service_tokens` ADD `sealed_public_key` blob;--> statement-breakpoint
CREATE INDEX `audit_events_at` ON `audit_events` (`at`);