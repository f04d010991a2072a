output "repository" {
  description = "WATTLINE_OFFSITE_REPOSITORY of the Pi."
  value       = "s3:https://s3.${var.region}.amazonaws.com/${local.bucket}${local.prefix == "" ? "" : "/${var.name}"}"
}

output "credentials" {
  description = "The file that WATTLINE_OFFSITE_CREDENTIALS names."
  sensitive   = true
  value       = <<-EOT
    AWS_ACCESS_KEY_ID=${aws_iam_access_key.pi.id}
    AWS_SECRET_ACCESS_KEY=${aws_iam_access_key.pi.secret}
    AWS_DEFAULT_REGION=${var.region}
  EOT
}
