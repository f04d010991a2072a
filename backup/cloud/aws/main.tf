# A private bucket for the off-site copy, and a user for the Pi that is good for this bucket and nothing else.

terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.0"
    }
  }
}

provider "aws" {
  region = var.region
}

data "aws_caller_identity" "me" {}

locals {
  is_new     = var.existing_bucket == ""
  bucket     = local.is_new ? aws_s3_bucket.new[0].id : var.existing_bucket
  bucket_arn = "arn:aws:s3:::${local.bucket}"
  # A bucket that is shared is used below a folder, and the Pi sees no other.
  prefix = local.is_new ? "" : "${var.name}/"
}

resource "aws_s3_bucket" "new" {
  count = local.is_new ? 1 : 0

  # The name is an address, so nobody else in the world may have it.
  bucket = "${var.name}-backup-${data.aws_caller_identity.me.account_id}"
}

resource "aws_s3_bucket_public_access_block" "new" {
  count                   = local.is_new ? 1 : 0
  bucket                  = aws_s3_bucket.new[0].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "new" {
  count  = local.is_new ? 1 : 0
  bucket = aws_s3_bucket.new[0].id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

# What the Pi, or whoever took it over, deletes or overwrites can be had back: S3's way of soft delete.
resource "aws_s3_bucket_versioning" "new" {
  count  = local.is_new ? 1 : 0
  bucket = aws_s3_bucket.new[0].id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "new" {
  count  = local.is_new ? 1 : 0
  bucket = aws_s3_bucket.new[0].id

  rule {
    id     = "forget-old-versions"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = var.undelete_days
    }

    expiration {
      expired_object_delete_marker = true
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  depends_on = [aws_s3_bucket_versioning.new]
}

resource "aws_iam_user" "pi" {
  name = "${var.name}-backup"
}

# restic lists, reads, writes, and deletes: its locks at every run, and what it prunes. It may not delete a version, so that
# what it deletes can be had back, nor change the bucket.
data "aws_iam_policy_document" "pi" {
  statement {
    actions   = ["s3:GetBucketLocation"]
    resources = [local.bucket_arn]
  }

  statement {
    actions   = ["s3:ListBucket"]
    resources = [local.bucket_arn]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = ["${local.prefix}*"]
    }
  }

  statement {
    actions   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"]
    resources = ["${local.bucket_arn}/${local.prefix}*"]
  }

  # Nothing goes over the wire in the clear.
  statement {
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [local.bucket_arn, "${local.bucket_arn}/*"]

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_iam_user_policy" "pi" {
  name   = "the-one-bucket"
  user   = aws_iam_user.pi.name
  policy = data.aws_iam_policy_document.pi.json
}

resource "aws_iam_access_key" "pi" {
  user = aws_iam_user.pi.name
}
