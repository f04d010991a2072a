# A private bucket for the off-site copy, and a service account for the Pi that is good for this bucket and nothing else.

terraform {
  required_version = ">= 1.5"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 6.0"
    }
  }
}

provider "google" {
  project = var.project
  region  = var.region
}

locals {
  bucket = var.existing_bucket == "" ? google_storage_bucket.new[0].name : var.existing_bucket
}

resource "google_storage_bucket" "new" {
  count = var.existing_bucket == "" ? 1 : 0

  # The name is an address, so nobody else in the world may have it.
  name                        = "${var.name}-backup-${var.project}"
  location                    = var.region
  storage_class               = "STANDARD"
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = false

  # What the Pi, or whoever took it over, overwrites or deletes becomes an old version ...
  versioning {
    enabled = true
  }

  # ... which is deleted after so many days ...
  lifecycle_rule {
    action {
      type = "Delete"
    }

    condition {
      days_since_noncurrent_time = var.undelete_days
    }
  }

  # ... and can be had back for a while even then.
  soft_delete_policy {
    retention_duration_seconds = 7 * 86400
  }
}

resource "google_service_account" "pi" {
  account_id   = "${var.name}-backup"
  display_name = "The Pi's copies of its readings"
}

# restic lists, reads, writes, and deletes: its locks at every run, and what it prunes. The bucket itself it cannot change.
resource "google_storage_bucket_iam_member" "pi" {
  bucket = local.bucket
  role   = "roles/storage.objectUser"
  member = google_service_account.pi.member
}

resource "google_service_account_key" "pi" {
  service_account_id = google_service_account.pi.name
}
