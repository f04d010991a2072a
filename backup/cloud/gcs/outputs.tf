output "repository" {
  description = "WATTLINE_OFFSITE_REPOSITORY of the Pi."
  value       = "gs:${local.bucket}:/"
}

output "credentials" {
  description = "The file that WATTLINE_OFFSITE_CREDENTIALS names."
  value       = <<-EOT
    GOOGLE_PROJECT_ID=${var.project}
    GOOGLE_APPLICATION_CREDENTIALS=${var.key_file}
  EOT
}

output "key" {
  description = "The file that GOOGLE_APPLICATION_CREDENTIALS names."
  sensitive   = true
  value       = base64decode(google_service_account_key.pi.private_key)
}
